"""The number of names differs from the number of declared values."""

from pipec import pipeline, step


@step
def two() -> tuple[int, int]:
    return 1, 2


@pipeline
def p() -> int:
    a, b, c = two()  # PC208
    return a
