"""Artifacts go into a group and come out of it; a group that returns a tuple is unpacked."""

import numpy as np

from pipec import pipeline, step


@step
def load(n: int) -> np.ndarray:
    return np.arange(n, dtype=float)


@step
def shift(values: np.ndarray, by: float) -> np.ndarray:
    return values + by


@step
def total(values: np.ndarray) -> float:
    return float(values.sum())


@pipeline
def center(values: np.ndarray, n: int) -> tuple[np.ndarray, float]:
    before = total(values)
    return shift(values, by=-before / n), before


@pipeline
def group_artifacts(n: int = 4) -> list[float]:
    values = load(n)
    centered, before = center(values, n)
    return [before, total(centered), total(shift(centered, by=1.0))]
