"""A diamond: two tasks between a fork and a join."""

from pipec import pipeline, step


@step
def start(n: int) -> int:
    return n


@step
def left(n: int) -> int:
    return n + 1


@step
def right(n: int) -> int:
    return n * 10


@step
def end(a: int, b: int) -> int:
    return a + b


@pipeline
def graph_diamond(n: int = 3) -> int:
    a = start(n)
    return end(left(a), right(a))
