"""`from pipec import *` and a star import of the project's own."""

from tools import *

from pipec import *


@step
def load(n: int) -> list[int]:
    return spread(n)


@step(retries=1)
def total(xs: list[int]) -> int:
    return sum(xs) + OFFSET


@pipeline
def code_star_import(n: int = 3) -> int:
    return total(load(n))
