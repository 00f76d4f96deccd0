"""An artifact that comes from either arm, or from before the branch."""

import numpy as np

from pipec import pipeline, step


@step
def load(n: int) -> np.ndarray:
    return np.arange(n, dtype=float)


@step
def center(values: np.ndarray) -> np.ndarray:
    return values - values.mean()


@step
def scale(values: np.ndarray) -> np.ndarray:
    return values / values.max()


@step
def total(values: np.ndarray) -> float:
    return float(values.sum())


@pipeline
def branch_merge_artifact(n: int = 5, mode: str = "scale") -> list[float]:
    values = load(n)
    if mode == "scale":
        ready = scale(values)
    elif mode == "center":
        ready = center(values)
    else:
        ready = values
    return [total(ready), total(values)]
