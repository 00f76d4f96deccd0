"""A step gets copies: changing an argument in place is not seen by another step."""

import numpy as np

from pipec import pipeline, step


@step
def load(n: int) -> np.ndarray:
    return np.arange(n)


@step
def rows() -> list[int]:
    return [1, 2, 3]


@step
def clear(values: np.ndarray, rows: list[int]) -> int:
    values[:] = 0
    rows.clear()
    return 0


@step
def total(values: np.ndarray, rows: list[int], _: int) -> list[int]:
    return [int(values.sum()), len(rows)]


@pipeline
def artifact_copies(n: int = 4) -> list[int]:
    values = load(n)
    some = rows()
    done = clear(values, some)
    return total(values, some, done)
