"""`ClassificationMetrics`: a dict with a confusion matrix and a ROC curve, which travels like any other and is shown."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def confusion(labels: list[str], hits: int) -> dict:
    rows = [{"row": [hits if i == j else 1 for j in range(len(labels))]} for i in range(len(labels))]
    return {"confusionMatrix": {"annotationSpecs": [{"displayName": label} for label in labels], "rows": rows}}


def curve(points: int) -> tuple[int, dict]:
    steps = [i / points for i in range(points + 1)]
    readings = [{"confidenceThreshold": 1 - t, "falsePositiveRate": t * t, "recall": t} for t in steps]
    return points, {"confidenceMetrics": readings, "kind": "binary"}


def nothing(points: int) -> dict | None:
    return {} if points else None


def summary(matrix: dict, readings: dict, empty: dict | None) -> dict[str, float]:
    return {"labels": len(matrix["confusionMatrix"]["rows"]), "points": len(readings["confidenceMetrics"])}


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class MetricsClassificationFlow(FreshArtifacts, FlowSpec):
    """metrics_classification"""

    labels = Parameter("labels", type=JSONType, default='["cat", "dog"]')
    points = Parameter("points", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fork, self.confusion_2)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.confusion, self.curve, self.nothing)

    @step
    def confusion(self):
        """Run `confusion`."""
        with empty_folder():
            self.matrix = classification(plain(confusion(self.labels, 5)))
        self.next(self.summary)

    @step
    def curve(self):
        """Run `curve`."""
        with empty_folder():
            count, readings = curve(self.points)
            self.count = plain(count)
            self.readings = classification(plain(readings))
        self.next(self.summary)

    @step
    def nothing(self):
        """Run `nothing`."""
        with empty_folder():
            self.empty = classification(plain(nothing(self.points)))
        self.next(self.summary)

    @step
    def summary(self, inputs):
        """Run `summary`."""
        self.merge_artifacts(inputs, include=["count", "empty", "matrix", "readings"])
        with empty_folder():
            self.summary_result = plain(summary(self.matrix, self.readings, self.empty))
        self.next(self.join_summary_confusion_2)

    @step
    def confusion_2(self):
        """Run `confusion`."""
        with empty_folder():
            self.unread = classification(plain(confusion(self.labels, 6)))
        self.next(self.join_summary_confusion_2)

    @step
    def join_summary_confusion_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["count", "matrix", "summary_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.first = self.matrix["confusionMatrix"]["rows"][0]["row"][0]
        self.result = [self.summary_result, self.first, self.count]


if __name__ == "__main__":
    MetricsClassificationFlow()
