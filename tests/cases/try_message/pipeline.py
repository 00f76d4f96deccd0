"""`str(e)` is the message of what has failed first: a step, an expression, an `assert`, or a `raise`."""

from pipec import PipelineFailed, pipeline, step


@step
def look(kind: str) -> dict:
    if kind == "step":
        raise ValueError("a step failed: {{ ds }} 'quoted' $(x) \\ ü")
    return {"kind": kind}


@pipeline
def try_message(kind: str = "none") -> str:
    try:
        found = look(kind)
        name = found["other" if kind == "expression" else "kind"]
        assert kind != "assert", f"{name} is not wanted"
        assert kind != "silent"
        if kind == "raise":
            raise PipelineFailed("stopped: " + name)
        result = name
    except Exception as e:
        result = "caught " + str(e)
    return result
