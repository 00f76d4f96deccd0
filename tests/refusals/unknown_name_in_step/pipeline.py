"""Code that a step reaches must resolve at build time, not in a task at night."""

from pipec import pipeline, step


def helper(n: int) -> int:
    return n + OFFSET  # PC106


@step
def work(n: int) -> int:
    return helper(n)


@pipeline
def p(n: int = 3) -> int:
    return work(n)
