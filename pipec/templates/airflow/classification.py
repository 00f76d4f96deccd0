def check_classification(metrics: Any) -> None:
    """Fail where no chart can show `metrics`: a confusion matrix, and the points of a ROC curve."""
    metrics = from_xcom(to_xcom(metrics))
    if metrics is None:
        return
    if not isinstance(metrics, dict):
        raise TypeError(f"the step returned a {type(metrics).__name__}, and ClassificationMetrics is a dict")
    shapes = {
        "confusionMatrix": {"annotationSpecs": [{"displayName": "name"}], "rows": [{"row": [1]}]},
        "confidenceMetrics": [{"confidenceThreshold": 0.5, "falsePositiveRate": 0.1, "recall": 0.8}],
    }
    for name, example in shapes.items():
        if name in metrics and not like(metrics[name], example):
            raise TypeError(f"the step returned ClassificationMetrics whose {name!r} is not like {example}")
    matrix = metrics.get("confusionMatrix", {"annotationSpecs": [], "rows": []})
    size = len(matrix["annotationSpecs"])
    if [len(row["row"]) for row in matrix["rows"]] != [size] * size:
        raise TypeError(f"the step returned a 'confusionMatrix' that has not {size} rows of {size} numbers")


def like(value: Any, example: Any) -> bool:
    """Whether `value` has the shape of `example`, and its numbers are finite."""
    if isinstance(example, dict):
        return isinstance(value, dict) and all(key in value and like(value[key], example[key]) for key in example)
    if isinstance(example, list):
        return isinstance(value, list) and all(like(item, example[0]) for item in value)
    if isinstance(example, str):
        return isinstance(value, str)
    return type(value) in (int, float) and abs(value) < float("inf")
