"""NumPy scalars become Python's own numbers where a value is declared."""

import numpy as np

from pipec import Metrics, pipeline, step


@step
def scores() -> Metrics:
    return {"accuracy": np.float64(0.75), "count": np.int64(3)}


@step
def best() -> int:
    return np.argmax([1, 5, 2])


@step
def flag() -> bool:
    return np.bool_(True)


@step
def kinds(*values: object) -> list[str]:
    return [type(v).__name__ for v in values]


@pipeline
def value_numpy_scalars() -> list[object]:
    s = scores()
    b = best()
    return [kinds(s["accuracy"], s["count"], b, flag()), s["accuracy"] > 0.5, b + 1]
