"""A name that is bound only below."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> int:
    a = work(b)  # PC202
    b = work(n)
    return a
