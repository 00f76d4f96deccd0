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
    route = start(mode)
    if route == "fast":
        result = fast()
        interim = None
    elif route == "slow":
        interim = slow()
        result = slower(interim)
    elif route == "none":
        result = None
        interim = None
    else:
        raise PipelineFailed(f"no step for route = {route!r}")
    end()
    return {"route": route, "result": result, "interim": interim}
