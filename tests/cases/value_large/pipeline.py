"""A value of any size travels, if it is only passed on to steps."""

from pipec import pipeline, step


@step
def make(n: int) -> list[str]:
    return [f"row {i} " + "x" * 80 for i in range(n)]


@step
def upper(rows: list[str]) -> list[str]:
    return [r.upper() for r in rows]


@step
def size(rows: list[str]) -> int:
    return sum(map(len, rows))


@pipeline
def value_large(n: int = 20_000) -> int:
    return size(upper(make(n)))
