"""Watch the data that a model sees in production, and train again only when it has drifted."""

import numpy as np
import pandas as pd
from sklearn.datasets import load_wine

from pipec import Metrics, pipeline, step
from training import TARGET, training


@step(retries=2)
def reference_window(rows: int) -> pd.DataFrame:
    """What the model was trained on."""
    frame: pd.DataFrame = load_wine(as_frame=True).frame
    return frame.sample(rows, random_state=7).drop(columns=TARGET)


@step(retries=2)
def current_window(rows: int, shift: float) -> pd.DataFrame:
    """What production saw since; `shift` moves the alcohol content, as a new supplier would."""
    frame: pd.DataFrame = load_wine(as_frame=True).frame
    window = frame.sample(rows, random_state=8).drop(columns=TARGET)
    return window.assign(alcohol=window["alcohol"] + shift)


@step
def list_features(frame: pd.DataFrame) -> list[str]:
    """The columns to watch."""
    return [str(name) for name in frame.columns]


@step
def drift(reference: pd.DataFrame, current: pd.DataFrame, feature: str, bins: int = 5) -> float:
    """Population stability index of one feature: above 0.25 means that it has moved."""
    edges = np.quantile(reference[feature], np.linspace(0, 1, bins + 1)[1:-1])
    shares = []
    for frame in (reference, current):
        counts = np.bincount(np.searchsorted(edges, frame[feature]), minlength=bins)
        shares.append((counts + 0.5) / (counts.sum() + 0.5 * bins))
    before, after = shares
    return round(float(((after - before) * np.log(after / before)).sum()), 6)


@step
def alert(features: list[str], accuracy: float) -> str:
    """Tell the people on duty what moved, and what the new model makes of it."""
    return f"retrained because of {', '.join(features)}: accuracy {accuracy:.1%}"


@step
def summarize(psi: dict[str, float]) -> Metrics:
    """The numbers that go to the dashboard."""
    return {"mean": round(sum(psi.values()) / len(psi), 6), "max": max(psi.values())}


@pipeline(tags=["monitoring"])
def monitoring(rows: int = 120, shift: float = 1.5, limit: float = 0.25) -> dict[str, object]:
    """Compare production with the training data; stop early when nothing has moved."""
    reference = reference_window(rows)
    current = current_window(rows, shift)
    psi = {name: drift(reference, current, name) for name in list_features(reference)}
    summary = summarize(psi)
    drifted = [name for name, value in psi.items() if value > limit]
    if not drifted:
        return {"status": "stable", "drift": summary}
    scores = training(shift=shift)
    message = alert(drifted, accuracy=scores["accuracy"])
    return {"status": "retrained", "drift": summary, "message": message}
