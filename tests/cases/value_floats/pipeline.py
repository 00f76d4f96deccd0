"""`nan`, the infinities, minus zero, and the shortest decimal of every float."""

import math

from pipec import pipeline, step


@step
def specials() -> list[float]:
    return [math.nan, math.inf, -math.inf, -0.0, 0.1, 1e308, 5e-324, 1e16, 1 / 3]


@step
def show(values: list[float]) -> list[str]:
    return [repr(v) for v in values]


@pipeline
def value_floats(limit: float = float("inf"), rate: float = 1e-7) -> list[object]:
    values = specials()
    return [show(values), values[1] > 1e300, values[0] == values[0], values, show([limit, rate]), limit]
