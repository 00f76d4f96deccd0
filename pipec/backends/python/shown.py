"""The shape of results that targets show: a wrong one fails the step everywhere, and not only where it is shown."""

from __future__ import annotations

from typing import Any

SHAPES: dict[str, Any] = {
    "confusionMatrix": {"annotationSpecs": [{"displayName": "name"}], "rows": [{"row": [1]}]},
    "confidenceMetrics": [{"confidenceThreshold": 0.5, "falsePositiveRate": 0.1, "recall": 0.8}],
}
"""Key of classification metrics -> an example of what stands there."""


def check_classification(metrics: Any, step: str) -> None:
    """Raise `TypeError` where `metrics`, a plain value, is neither `None` nor what Kubeflow shows of a classifier."""
    if metrics is None:
        return
    if not isinstance(metrics, dict):
        raise TypeError(f"step {step!r} returned a {type(metrics).__name__}, and ClassificationMetrics is a dict")
    for name, example in SHAPES.items():
        if name in metrics and not like(metrics[name], example):
            raise TypeError(f"step {step!r} returned ClassificationMetrics whose {name!r} is not like {example}")
    matrix = metrics.get("confusionMatrix", {"annotationSpecs": [], "rows": []})
    size = len(matrix["annotationSpecs"])
    if [len(row["row"]) for row in matrix["rows"]] != [size] * size:
        raise TypeError(f"step {step!r} returned a 'confusionMatrix' that has not {size} rows of {size} numbers")


def like(value: Any, example: Any) -> bool:
    """Whether `value` has the shape of `example`, and its numbers are finite."""
    if isinstance(example, dict):
        return isinstance(value, dict) and all(key in value and like(value[key], example[key]) for key in example)
    if isinstance(example, list):
        return isinstance(value, list) and all(like(item, example[0]) for item in value)
    if isinstance(example, str):
        return isinstance(value, str)
    return type(value) in (int, float) and abs(value) < float("inf")
