"""Fan-outs three deep, with steps before and after the inner ones."""

from pipec import pipeline, step


@step
def upto(n: int) -> list[int]:
    return list(range(n))


@step
def plus(a: int, b: int) -> int:
    return a + b


@pipeline
def fanout_three_deep(xs: list[int] = [1, 2]) -> list[int]:
    totals = []
    for x in xs:
        for y in upto(x):
            base = plus(x, y)
            sums = [plus(base, z) for z in upto(y + 1)]
            totals.append(plus(base, sum(sums)))
    return totals
