"""A loop cannot return."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> int | None:
    for i in range(n):
        return work(i)  # PC107
    return None
