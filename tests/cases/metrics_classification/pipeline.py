"""`ClassificationMetrics`: a dict with a confusion matrix and a ROC curve, which travels like any other and is shown."""

from pipec import ClassificationMetrics, Metrics, pipeline, step


@step
def confusion(labels: list[str], hits: int) -> ClassificationMetrics:
    rows = [{"row": [hits if i == j else 1 for j in range(len(labels))]} for i in range(len(labels))]
    return {"confusionMatrix": {"annotationSpecs": [{"displayName": label} for label in labels], "rows": rows}}


@step
def curve(points: int) -> tuple[int, ClassificationMetrics]:
    steps = [i / points for i in range(points + 1)]
    readings = [{"confidenceThreshold": 1 - t, "falsePositiveRate": t * t, "recall": t} for t in steps]
    return points, {"confidenceMetrics": readings, "kind": "binary"}


@step
def nothing(points: int) -> ClassificationMetrics | None:
    return {} if points else None


@step
def summary(matrix: dict, readings: dict, empty: dict | None) -> Metrics:
    return {"labels": len(matrix["confusionMatrix"]["rows"]), "points": len(readings["confidenceMetrics"])}


@pipeline
def metrics_classification(labels: list[str] = ["cat", "dog"], points: int = 2) -> list:
    matrix = confusion(labels, 5)
    unread = confusion(labels, 6)
    count, readings = curve(points)
    empty = nothing(points)
    first = matrix["confusionMatrix"]["rows"][0]["row"][0]
    return [summary(matrix, readings, empty), first, count]
