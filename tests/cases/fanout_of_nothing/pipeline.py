"""Fan-outs in which nothing is done: only what they go through may fail."""

from pipec import pipeline, step


@step
def halves(n: int) -> list[int]:
    return [n // 2]


@pipeline
def fanout_of_nothing(xs: list[int] = [1, 2], n: int = 4, k: int = 2) -> int:
    for x in xs:
        pass
    for x in halves(n):
        y = x + 1
    for x in [xs[n // k - 2]]:
        pass
    for x in range(8 // k):
        z = 1 if k else 2
    for x in xs:
        if []:
            halves(x)
    return n
