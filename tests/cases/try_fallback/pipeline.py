"""A name that is bound before a `try` keeps its value where the last statement of the body fails."""

import numpy as np

from pipec import pipeline, step


@step
def measure(n: int) -> float:
    if n < 0:
        raise ValueError("negative")
    return n / 2


@step
def fit(n: int) -> np.ndarray:
    if n > 5:
        raise MemoryError("too many")
    return np.full(n, 1.5)


@step
def describe(model: np.ndarray | None, value: float) -> str:
    return f"{None if model is None else model.sum()} {value}"


@pipeline
def try_fallback(n: int = 2) -> str:
    value = 0.5
    try:
        value = measure(n)
    except Exception:
        pass
    model = None
    try:
        model = fit(n)
    except Exception:
        pass
    return describe(model, value)
