"""A name may be bound again; each use sees the latest binding above it."""

from pipec import pipeline, step


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def rebinding(x: int = 1) -> list[int]:
    first = x
    x = add(x, 10)
    second = x
    x = x * 2
    x = add(x, 100)
    return [first, second, x]
