"""Arms that only bind constants and expressions, without a task of their own."""

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def fit(rate: float, depth: int | None) -> str:
    return f"rate {rate}, depth {depth}"


@pipeline
def branch_merge_constants(n: int = 50) -> str:
    rows = read(n)
    if rows > 100:
        rate = 0.1
        depth = None
    else:
        rate = 1 / rows
        depth = 3
    return fit(rate, depth)
