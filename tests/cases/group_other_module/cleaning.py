"""Clean what was read: a pipeline and its steps."""

from pipec import pipeline, step

LIMIT = 2


@step
def read(n: int) -> list[str]:
    return [f"row {i}" for i in range(n)]


@step
def total(values: list[str]) -> str:
    return " + ".join(values[:LIMIT])


@step
def load(n: int) -> str:
    return f"loaded {n}"


@pipeline
def clean(n: int) -> str:
    return total(read(n))
