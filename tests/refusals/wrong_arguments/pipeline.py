"""Calls that Python would refuse at run time are refused at build time, each at its place."""

from pipec import pipeline, step


@step
def work(a: int, b: int = 1, *, c: int = 2) -> int:
    return a + b + c


@pipeline
def sub(x: int) -> int:
    return work(x)


@pipeline
def p(n: int = 3) -> list[int]:
    first = work()  # PC203
    second = work(n, 1, 2)  # PC203
    third = work(n, d=4)  # PC203
    fourth = work(n, a=4)  # PC203
    fifth = sub(y=1)  # PC203
    return [first, second, third, fourth, fifth]
