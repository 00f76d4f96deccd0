"""A fan-out over artifacts, and artifacts out of a fan-out: passed on as a list, indexed, and counted."""

import numpy as np

from pipec import pipeline, step


@step
def split(n: int) -> list[np.ndarray]:
    return np.array_split(np.arange(n), 3)


@step
def double(part: np.ndarray) -> np.ndarray:
    return part * 2


@step
def total(part: np.ndarray) -> int:
    return int(part.sum())


@step
def merge(parts: list[np.ndarray]) -> list[int]:
    return np.concatenate(parts).tolist()


@pipeline
def fanout_artifacts(n: int = 7) -> list[object]:
    parts = split(n)
    doubled = [double(p) for p in parts]
    totals = [total(d) for d in doubled]
    return [merge(doubled), totals, total(doubled[-1]), len(doubled), total(doubled[totals.index(max(totals))])]
