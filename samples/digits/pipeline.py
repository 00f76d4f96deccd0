"""Train a classifier on handwritten digits: three candidates in parallel, the best one goes to the registry."""

import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from pipec import Metrics, Retry, pipeline, step

TARGET = "digit"


def pixels(frame: pd.DataFrame) -> pd.DataFrame:
    """The 64 grey values of each image, between 0 and 1."""
    return frame.drop(columns=TARGET) / 16.0


@step(memory="1Gi", retries=2, cache=True)
def load(rows: int) -> pd.DataFrame:
    """Read the first `rows` images of scikit-learn's bundled digits."""
    frame: pd.DataFrame = load_digits(as_frame=True).frame
    return frame.rename(columns={"target": TARGET}).head(rows)


@step
def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set a quarter of the images aside, with every digit in proportion."""
    train_set, test_set = train_test_split(frame, test_size=0.25, stratify=frame[TARGET], random_state=7)
    return train_set, test_set


@step(cpu=1, memory="2Gi", timeout="30m", retries=Retry(2, delay="30s"))
def train(frame: pd.DataFrame, c: float) -> LogisticRegression:
    """Fit one candidate; a larger `c` regularises less."""
    return LogisticRegression(C=c, max_iter=500).fit(pixels(frame), frame[TARGET])


@step
def evaluate(model: LogisticRegression, frame: pd.DataFrame) -> Metrics:
    """Accuracy and macro F1 on images that the model has not seen."""
    guesses = model.predict(pixels(frame))
    return {
        "accuracy": float((guesses == frame[TARGET]).mean()),
        "f1": float(f1_score(frame[TARGET], guesses, average="macro")),
    }


@step(memory="512Mi")
def register(model: LogisticRegression, name: str, accuracy: float) -> str:
    """Hand the model to the registry, and return its entry there."""
    print(f"registered {name}: {model.n_features_in_} features, accuracy {accuracy:.1%}")
    return f"{name}@{accuracy:.4f}"


@pipeline
def digits(rows: int = 600, threshold: float = 0.9) -> str | None:
    """Train, compare and register a digit classifier."""
    frame = load(rows)
    train_set, test_set = split(frame)
    models = [train(train_set, c) for c in (0.01, 0.1, 1.0)]
    scores = [evaluate(model, test_set)["accuracy"] for model in models]
    best = max(range(len(scores)), key=lambda i: scores[i])
    if scores[best] >= threshold:
        return register(models[best], name=f"digits-{rows}", accuracy=scores[best])
    return None
