"""A run-time expression is evaluated whether somebody uses it or not: a division by zero fails the run."""

from pipec import pipeline, step


@step
def number(n: int) -> int:
    return n


@pipeline
def expression_evaluated_though_unused(n: int = 2) -> int:
    value = number(n)
    inverse = 1 / value
    return value
