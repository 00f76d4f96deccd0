"""A value carried from one iteration to the next over a list that is known only at run time."""

from pipec import pipeline, step


@step
def numbers() -> list[int]:
    return [1, 2]


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def p() -> int:
    total = 0
    for n in numbers():
        total = add(total, n)  # PC207
    return total
