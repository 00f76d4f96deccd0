"""An artifact or `None`: the body may ask which, and steps get either."""

from pathlib import Path

import numpy as np

from pipec import pipeline, step


@step
def fit(n: int) -> np.ndarray | None:
    return np.arange(n) if n > 2 else None


@step
def export(n: int) -> Path | None:
    if n <= 2:
        return None
    Path("model.txt").write_text(str(n), encoding="utf-8")
    return Path("model.txt")


@step
def describe(model: np.ndarray | None, file: Path | None) -> str:
    return f"{None if model is None else model.tolist()} {file and file.read_text(encoding='utf-8')}"


@step
def fallback() -> np.ndarray:
    return np.zeros(1)


@pipeline
def artifact_optional(n: int = 3) -> list[object]:
    model = fit(n)
    file = export(n)
    text = describe(model, file)
    if model is None:
        model = fallback()
    return [text, file is not None, describe(model, None)]
