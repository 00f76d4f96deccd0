"""A fan-out inside a fan-out, the inner one over what the outer item gives."""

from pipec import pipeline, step


@step
def outer(n: int) -> list[int]:
    return list(range(1, n + 1))


@step
def inner(n: int) -> list[int]:
    return [n * 10 + i for i in range(n)]


@step
def work(a: int, b: int) -> int:
    return a * 1000 + b


@pipeline
def fanout_nested(n: int = 3) -> list[list[int]]:
    rows = []
    for a in outer(n):
        cells = [work(a, b) for b in inner(a)]
        rows.append(cells)
    return rows
