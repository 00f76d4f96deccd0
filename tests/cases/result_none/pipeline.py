"""A pipeline without `return` gives `None`."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@step
def finish(n: int) -> None:
    assert n == 4


@pipeline
def result_none(n: int = 4):
    finish(work(n))
