"""What a step looks up by a computed name would not go with it."""

from pipec import pipeline, step

RATE = 3


@step
def work(n: int) -> int:
    return globals()["RA" + "TE"] * n  # PC111


@pipeline
def p(n: int = 3):
    return work(n)
