"""Loops over the same parameter in both arms of a branch, in a loop, and beside them."""

from pipec import pipeline, step


@step
def double(x: int) -> int:
    return 2 * x


@step
def total(xs: list) -> int:
    return sum(xs)


@pipeline
def fanout_of_parameter_twice(xs: list[int] = [1, 2], up: bool = False, rows: list[int] = [5]) -> list[int]:
    if up:
        result = total([double(x) for x in xs])
    else:
        result = total([double(-x) for x in xs])
    sums = [total([double(x + row) for x in xs]) for row in rows]
    return [result, *sums, *[double(x) for x in xs]]
