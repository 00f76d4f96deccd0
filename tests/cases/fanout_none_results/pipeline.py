"""Iterations may give `None`, and keep their places."""

from pipec import pipeline, step


@step
def find(n: int) -> int | None:
    return n if n % 2 else None


@step
def count(found: list[int | None]) -> int:
    return sum(1 for f in found if f is None)


@pipeline
def fanout_none_results(n: int = 5) -> list[object]:
    found = [find(i) for i in range(n)]
    return [found, count(found)]
