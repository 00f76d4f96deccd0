from pipec import PipelineFailed, pipeline, step


@step
def start(mode: str) -> str:
    route = mode.strip()
    return route


@step
def fast() -> str:
    result = "f"
    return result


@step
def slow() -> str:
    interim = "s"
    return interim


@step
def slower(interim: str):
    result = interim * 3
    return result


@step
def end():
    print("done")


@pipeline
def route(mode: str = "fast"):
    """Three ways, one of them straight to the end; the value comes from a function."""
    start_route = start(mode)
    if start_route == "fast":
        result = fast()
        interim = None
    elif start_route == "slow":
        interim = slow()
        result = slower(interim)
    elif start_route == "none":
        result = None
        interim = None
    else:
        raise PipelineFailed(f"no step for route = {start_route!r}")
    end()
    return {"route": start_route, "result": result, "interim": interim}
