"""A pipeline that calls itself through another."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def q(n: int) -> int:
    return p(n)  # PC204


@pipeline
def p(n: int = 3) -> int:
    return q(work(n))
