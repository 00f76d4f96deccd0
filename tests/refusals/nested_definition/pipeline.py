"""Statements of other kinds, each refused at its place."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> int:
    def inner(x: int) -> int:  # PC107
        return x

    global state  # PC107
    del n  # PC107
    import os  # PC107

    return work(1)
