"""A DataFrame keeps its dtypes, index and missing values; a NumPy array its dtype and shape."""

import numpy as np
import pandas as pd

from pipec import pipeline, step


@step
def load() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int64"),
            "when": pd.to_datetime(["2024-01-01", "2024-02-29", None]),
            "kind": pd.Categorical(["a", "b", "a"]),
            "text": ["x", "ü", None],
        },
        index=[10, 20, 30],
    )
    return frame


@step
def describe(frame: pd.DataFrame) -> list[str]:
    return [str(t) for t in frame.dtypes] + [str(frame.index.tolist()), str(frame["n"].sum())]


@step
def image(n: int) -> np.ndarray:
    return np.arange(n * n, dtype=np.uint8).reshape(n, n)


@step
def shape(pixels: np.ndarray) -> str:
    return f"{pixels.dtype}{pixels.shape}"


@pipeline
def artifact_frame() -> list[object]:
    frame = load()
    return [describe(frame), shape(image(3))]
