"""A group with a branch of its own, called for each item and once more."""

from pipec import pipeline, step


@step
def up_to(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@pipeline
def inner(x: int, by: int) -> int:
    y = add(x, by)
    if y > 5:
        return add(y, 100)
    return y


@pipeline
def group_loop(n: int, by: int = 3) -> list[object]:
    first = [inner(x, by) for x in up_to(n)]
    second = inner(total(first), by=1)
    return [first, second]
