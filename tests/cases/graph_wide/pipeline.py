"""Many independent tasks at the start, and one that needs them all."""

from pipec import pipeline, step


@step
def square(n: int) -> int:
    return n * n


@step
def total(*numbers: int) -> int:
    return sum(numbers)


@pipeline
def graph_wide() -> int:
    a = square(1)
    b = square(2)
    c = square(3)
    d = square(4)
    e = square(5)
    return total(a, b, c, d, e)
