"""A pipeline that says more of itself than fits into one line, in a module that says something too."""

from pipec import pipeline, step


@step
def one(n: int) -> int:
    return n + 1


@pipeline
def description_long(n: int = 1) -> int:
    """Count on.

    Runbook: when this fails, start it again with a smaller `n`.

    * It has no effects.
    * It costs next to nothing.
    """
    return one(n)
