"""A pipeline of another module, whose steps have the same names as ours and mean something else."""

from cleaning import clean as tidy
from cleaning import load

from pipec import pipeline, step


@step
def read(n: int) -> list[int]:
    return [n, n + 1]


@step
def total(values: list[int]) -> int:
    return sum(values)


@pipeline
def group_other_module(n: int = 3) -> list[object]:
    ours = read(n)
    theirs = tidy(n)
    return [total(ours), theirs, load(n)]
