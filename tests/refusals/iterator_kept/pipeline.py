"""An iterator can be read only once, so it gets no name; as a list it does."""

from pipec import pipeline, step


@step
def upto(n: int) -> list[int]:
    return list(range(n))


@pipeline
def p(n: int = 3):
    numbers = upto(n)
    pairs = zip(numbers, numbers)  # PC108
    kept = []
    kept.append(enumerate(numbers))  # PC108
    good = [a + b for a, b in zip(numbers, reversed(numbers))]
    if good:
        return reversed(good)  # PC108
    return [list(pairs), list(pairs)]
