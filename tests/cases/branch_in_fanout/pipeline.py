"""An `if` inside a fan-out decides for each item."""

from pipec import pipeline, step


@step
def items(n: int) -> list[int]:
    return list(range(n))


@step
def even(n: int) -> str:
    return f"{n} even"


@step
def odd(n: int) -> str:
    return f"{n} odd"


@pipeline
def branch_in_fanout(n: int = 3) -> list[str]:
    labels = []
    for item in items(n):
        if item % 2:
            label = odd(item)
        else:
            label = even(item)
        labels.append(label)
    return labels
