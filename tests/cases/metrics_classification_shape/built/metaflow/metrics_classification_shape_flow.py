"""Classification metrics of another shape than the one that is shown fail the step by name, on every target."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def confusion(labels: list[str], form: str) -> dict:
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


def done(form: str) -> str:
    return form


@contextlib.contextmanager
def empty_folder() -> Iterator[None]:
    """Run in an empty working folder, without standard input; a function that exits the process has failed."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # local runs leave it open: a function that reads it would wait for ever
        os.chdir(tempfile.mkdtemp(dir=folder))
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"step {current.step_name!r} called sys.exit({error.code!r})") from error
        finally:
            os.chdir(before)


def plain(value: Any) -> Any:
    """The result of a step as plain Python data: scalars of NumPy, enums and named tuples become what they hold."""
    for kind in (bool, str, int, float, bytes):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(plain(item) for item in value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if any(kind.__module__ == "numpy" and kind.__name__ == "generic" for kind in type(value).__mro__):
        item = value.item()
        if type(item) is not type(value):
            return plain(item)
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"step {current.step_name!r} returned a {name}, which cannot travel as a value; "
        f"annotate its result as an object artifact, such as `-> {type(value).__qualname__}` or `-> object`"
    )


def classification(metrics: Any) -> Any:
    """Classification metrics as they are: a confusion matrix and a ROC curve that no chart can show fail the step."""
    if metrics is None:
        return None
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
    return metrics


def like(value: Any, example: Any) -> bool:
    """Whether `value` has the shape of `example`, and its numbers are finite."""
    if isinstance(example, dict):
        return isinstance(value, dict) and all(key in value and like(value[key], example[key]) for key in example)
    if isinstance(example, list):
        return isinstance(value, list) and all(like(item, example[0]) for item in value)
    if isinstance(example, str):
        return isinstance(value, str)
    return type(value) in (int, float) and abs(value) < float("inf")


class MetricsClassificationShapeFlow(FlowSpec):
    """metrics_classification_shape"""

    form = Parameter("form", default="fine")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.confusion)

    @step
    def confusion(self):
        """Run `confusion`."""
        with empty_folder():
            self.confusion_result = classification(plain(confusion(["cat", "dog"], self.form)))
        self.next(self.done)

    @step
    def done(self):
        """Run `done`."""
        with empty_folder():
            self.done_result = plain(done(self.form))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `done_result`."""


if __name__ == "__main__":
    MetricsClassificationShapeFlow()
