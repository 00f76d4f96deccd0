"""Several calls in one iteration, among them one that does not depend on the item: it runs once for each iteration."""

from pipec import pipeline, step


@step
def items() -> list[int]:
    return [1, 2, 3]


@step
def constant() -> int:
    return 100


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def fanout_several_steps(k: int = 5) -> list[int]:
    sums = []
    for item in items():
        base = constant()
        first = add(item, base)
        sums.append(add(first, first * k))
    return sums
