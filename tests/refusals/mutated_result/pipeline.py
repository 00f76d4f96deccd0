"""Results are copies: changing one in the body means nothing."""

from pipec import pipeline, step


@step
def numbers() -> list[int]:
    return [2, 1]


@pipeline
def p() -> list[int]:
    xs = numbers()
    xs.sort()  # PC213
    xs[0] = 5  # PC213
    return xs
