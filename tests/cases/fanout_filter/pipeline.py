"""A comprehension with `if`: only the chosen items are called for."""

from pipec import pipeline, step


@step
def items() -> list[int]:
    return [5, 2, 9, 4]


@step
def work(n: int) -> int:
    return n * 2


@pipeline
def fanout_filter(limit: int = 3) -> list[int]:
    return [work(n) for n in items() if n > limit]
