"""Containers in the arms of a branch take values of the run, and a step follows."""

from pipec import container, pipeline, step

push = container("registry.example.com/push:2.1", ["push"], ["--name", "{name}"], inputs={"name": str})
tag = container("registry.example.com/tag:1", ["tag", "{name}", "{rows}"], inputs={"name": str, "rows": int})


@step
def evaluate(rows: int) -> dict:
    return {"rows": rows, "name": f"model-{rows}"}


@step
def announce(ok: bool) -> str:
    return f"{ok}"


@pipeline
def container_in_branch(rows: int = 10, minimum: int = 5) -> str:
    metrics = evaluate(rows)
    ok = metrics["rows"] >= minimum
    if ok:
        push(f"model-{rows}")
        if minimum > 7:
            tag(metrics["name"], minimum)
    else:
        tag("rejected", rows)
    return announce(ok)
