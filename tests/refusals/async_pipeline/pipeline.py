"""Coroutines are no pipelines."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
async def p(n: int = 3) -> int:  # PC107
    return work(n)
