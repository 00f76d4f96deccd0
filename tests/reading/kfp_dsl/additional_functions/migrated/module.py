"""Migrated from the compiled pipeline "helpers"."""

from pipec import pipeline, step


def double(n: int) -> int:
    return n * 2


def quadruple(n: int) -> int:
    # uses the other helper
    return double(double(n))


@step(image="python:3.11", cache=True)
def compute(n: int) -> int:
    return quadruple(n)


@pipeline
def helpers(n: int = 2):
    compute_result = compute(n)
