"""Fields of a `NamedTuple` and of a dataclass, read by the pipeline body: each travels by its own annotation."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipec import pipeline, step


class Parts(NamedTuple):
    train: np.ndarray
    test: np.ndarray
    rows: int


@dataclass
class Report:
    accuracy: float
    labels: list[str]
    model: np.ndarray


@step
def split(n: int) -> Parts:
    values = np.arange(n)
    return Parts(train=values[::2], test=values[1::2], rows=n)


@step
def fit(train: np.ndarray) -> Report:
    return Report(accuracy=train.mean() / 10, labels=["a", "b"], model=train * 2)


@step
def predict(model: np.ndarray, test: np.ndarray) -> int:
    return int(model[: len(test)] @ test)


@step
def describe(report: Report) -> str:
    return f"{report.accuracy} {report.labels} {report.model.tolist()}"


@pipeline
def outputs_fields(n: int = 6) -> list[object]:
    parts = split(n)
    report = fit(parts.train)
    if report.accuracy > 0.1:
        label = report.labels[0]
    else:
        label = report.labels[1]
    return [label, parts.rows + 1, predict(report.model, parts.test), describe(report)]
