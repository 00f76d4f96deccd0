"""A tuple of an artifact, a file and a value: each travels in its own way."""

from pathlib import Path

import numpy as np

from pipec import pipeline, step


@step
def train(n: int) -> tuple[np.ndarray, Path, float]:
    weights = np.arange(n, dtype=float)
    Path("log.txt").write_text(f"{n} weights", encoding="utf-8")
    return weights, Path("log.txt"), float(weights.sum())


@step
def norm(weights: np.ndarray) -> float:
    return float((weights**2).sum())


@step
def words(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").split()


@pipeline
def outputs_tuple_artifacts(n: int = 4) -> list[object]:
    weights, log, total = train(n)
    if total > 5:
        size = norm(weights)
    else:
        size = -1.0
    return [size, words(log), total / 2]
