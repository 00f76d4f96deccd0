"""`while` is not in the language: how often it runs cannot be known to an orchestrator."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n - 1


@pipeline
def p(n: int = 3) -> int:
    while n > 0:  # PC107
        n = work(n)
    return n
