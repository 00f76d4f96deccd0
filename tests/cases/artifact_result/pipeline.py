"""A pipeline may return artifacts: an array, a frame, a file, also inside a list."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipec import pipeline, step


@step
def weights(n: int) -> np.ndarray:
    return np.linspace(0, 1, n)


@step
def table(weights: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"w": weights, "i": range(len(weights))})


@step
def log(table: pd.DataFrame) -> Path:
    table.to_csv("log.csv", index=False)
    return Path("log.csv")


@pipeline
def artifact_result(n: int = 3) -> list[object]:
    w = weights(n)
    t = table(w)
    return [w, t, log(t), n]
