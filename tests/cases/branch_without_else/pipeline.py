"""An `if` without `else`: a name that was bound before keeps its value where the arm does not run."""

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def correct(n: int) -> int:
    return abs(n)


@step
def root(n: int) -> float:
    return n**0.5


@pipeline
def branch_without_else(n: int = 9) -> float:
    value = read(n)
    if value < 0:
        value = correct(value)
    return root(value)
