"""A failed task fails the run, and what needs it does not run."""

from pipec import pipeline, step


@step
def load(n: int) -> int:
    return n


@step
def divide(n: int) -> float:
    return 1 / n


@step
def report(x: float) -> str:
    return str(x)


@pipeline
def failure_skips_dependents(n: int = 0) -> str:
    return report(divide(load(n)))
