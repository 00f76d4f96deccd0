"""Classification metrics of another shape than the one that is shown fail the step by name, on every target."""

from pipec import ClassificationMetrics, pipeline, step


@step
def confusion(labels: list[str], form: str) -> ClassificationMetrics:
    specs = [{"displayName": label} for label in labels]
    match form:
        case "list":
            return [1]
        case "matrix":
            return {"confusionMatrix": [[1, 0], [0, 1]]}
        case "size":
            return {"confusionMatrix": {"annotationSpecs": specs, "rows": [{"row": [1, 0]}]}}
        case "curve":
            return {"confidenceMetrics": [{"confidenceThreshold": float("inf"), "falsePositiveRate": 0, "recall": 0}]}
    return {"confusionMatrix": {"annotationSpecs": specs, "rows": [{"row": [1, 0]}, {"row": [0, 1]}]}}


@step
def done(form: str) -> str:
    return form


@pipeline
def metrics_classification_shape(form: str = "fine") -> str:
    confusion(["cat", "dog"], form)
    return done(form)
