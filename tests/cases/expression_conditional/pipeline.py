"""Conditional expressions evaluate only the arm that is chosen."""

from pipec import pipeline, step


@step
def number(n: int) -> int:
    return n


@pipeline
def expression_conditional(n: int = 0) -> list[object]:
    value = number(n)
    inverse = 1 / value if value else None
    return [inverse, "small" if value < 10 else "large", [] if value else [value]]
