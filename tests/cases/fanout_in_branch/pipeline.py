"""A fan-out inside an arm of a branch, its list merged with one from the other arm."""

from pipec import pipeline, step


@step
def read(n: int) -> list[int]:
    return list(range(n))


@step
def square(n: int) -> int:
    return n * n


@step
def total(ns: list[int]) -> int:
    return sum(ns)


@pipeline
def fanout_in_branch(n: int = 4) -> list[object]:
    rows = read(n)
    if len(rows) > 2:
        out = [square(r) for r in rows]
    else:
        out = []
    return [out, total(out)]
