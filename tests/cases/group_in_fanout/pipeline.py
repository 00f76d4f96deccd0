"""A pipeline called for each item."""

from pipec import pipeline, step


@step
def items() -> list[int]:
    return [1, 2]


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def twice(n: int, by: int = 10) -> int:
    return add(add(n, by), by)


@pipeline
def group_in_fanout() -> list[int]:
    return [twice(n) for n in items()]
