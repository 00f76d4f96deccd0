"""A module of the project cannot be changed from outside: what uses its names goes with the step, not the module."""

import constants

from pipec import pipeline, step


@step
def work(n: int) -> int:
    constants.RATE = n  # PC111
    return constants.rate()


@pipeline
def p(n: int = 3) -> int:
    return work(n)
