"""An artifact is opened by steps only; the message names the annotation to add."""

import pandas as pd

from pipec import pipeline, step


@step
def load() -> pd.DataFrame:
    return pd.DataFrame({"x": [1]})


@step
def train(rows: int) -> int:
    return rows


@pipeline
def p() -> list[int]:
    frame = load()
    if frame["x"].sum() > 0:  # PC205
        return [train(1)]
    return [train(frame.shape[0])]  # PC205
