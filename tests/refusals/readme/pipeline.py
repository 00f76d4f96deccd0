"""Train on the rows of the day, every night."""

import pandas as pd

from pipec import pipeline, step


@step
def load(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"x": range(rows)})


@step
def train(frame: pd.DataFrame, rate: float) -> float:
    return float(frame["x"].mean() * rate)


@pipeline
def nightly(rows: int = 100) -> float:
    frame = load(rows)
    if len(frame["x"]) > 10:  # PC205
        score = train(frame, rtae=0.1)  # PC203
    return score  # PC202
