"""Train the wine classifier: a pipeline of its own, and a part of the monitoring pipeline."""

import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from pipec import Metrics, pipeline, step

TARGET = "target"


@step(retries=2)
def prepare(shift: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Labelled data with the drift in it, split for training and test."""
    frame: pd.DataFrame = load_wine(as_frame=True).frame
    moved = frame.assign(alcohol=frame["alcohol"] + shift)
    train_set, test_set = train_test_split(moved, test_size=0.3, stratify=moved[TARGET], random_state=7)
    return train_set, test_set


@step(cpu=1, memory="2Gi")
def fit(frame: pd.DataFrame, trees: int) -> RandomForestClassifier:
    """Fit the forest."""
    return RandomForestClassifier(trees, random_state=7).fit(frame.drop(columns=TARGET), frame[TARGET])


@step
def evaluate(model: RandomForestClassifier, frame: pd.DataFrame) -> Metrics:
    """Accuracy on the test set."""
    return {"accuracy": round(float(model.score(frame.drop(columns=TARGET), frame[TARGET])), 6)}


@pipeline(tags=["training"])
def training(shift: float = 0.0, trees: int = 30) -> Metrics:
    """Train on the latest labelled data."""
    train_set, test_set = prepare(shift)
    return evaluate(fit(train_set, trees), test_set)
