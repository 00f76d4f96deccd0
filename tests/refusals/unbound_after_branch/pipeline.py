"""A name that only one arm binds."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> int:
    if n > 2:
        x = work(n)
    return work(x)  # PC202
