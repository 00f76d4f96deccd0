"""An expression that raises fails the run with Python's own message."""

from pipec import pipeline, step


@step
def table() -> dict[str, int]:
    return {"a": 1}


@step
def use(n: int) -> int:
    return n


@pipeline
def failure_of_expression(key: str = "missing") -> int:
    return use(table()[key] + 1)
