"""Branches one after another, the later ones over names that the earlier ones merged."""

from pipec import pipeline, step


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def branch_several_after_each_other(n: int = 1) -> int:
    x = add(n, 0)
    if x > 2:
        x = add(x, 100)
    else:
        x = add(x, 200)
    y = add(x, 1)
    if x > 150:
        y = add(y, 1000)
    if y > 1000:
        y = add(y, 5000)
    else:
        x = 0
    return add(x, y)
