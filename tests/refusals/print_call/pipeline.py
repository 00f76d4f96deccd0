"""Effects belong into steps."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> int:
    print("starting")  # PC109
    value = work(n)
    return value
