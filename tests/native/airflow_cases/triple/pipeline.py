"""Three fan-outs inside each other."""

from pipec import pipeline, step


@step
def up_to(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def triple(n: int) -> list[object]:
    return [[[add(a * 100 + b * 10, c) for c in range(b)] for b in range(a)] for a in up_to(n)]
