"""A value, or an artifact, merged with `None`; the next step sees `None`."""

import numpy as np

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def fit(n: int) -> np.ndarray:
    return np.full(n, 2.0)


@step
def describe(model: np.ndarray | None, note: str | None) -> str:
    return f"{None if model is None else model.sum()} {note}"


@pipeline
def branch_merge_none(n: int = 3) -> list[object]:
    rows = read(n)
    model = None
    note = None
    if rows > 2:
        model = fit(rows)
    else:
        note = f"only {rows} rows"
    return [describe(model, note), model is None, note is None]
