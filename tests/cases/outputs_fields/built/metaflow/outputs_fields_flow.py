"""Fields of a `NamedTuple` and of a dataclass, read by the pipeline body: each travels by its own annotation."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from metaflow import FlowSpec, Parameter, current, step


class Parts(NamedTuple):
    train: np.ndarray
    test: np.ndarray
    rows: int


@dataclass
class Report:
    accuracy: float
    labels: list[str]
    model: np.ndarray


def split(n: int) -> Parts:
    values = np.arange(n)
    return Parts(train=values[::2], test=values[1::2], rows=n)


def fit(train: np.ndarray) -> Report:
    return Report(accuracy=train.mean() / 10, labels=["a", "b"], model=train * 2)


def predict(model: np.ndarray, test: np.ndarray) -> int:
    return int(model[: len(test)] @ test)


def describe(report: Report) -> str:
    return f"{report.accuracy} {report.labels} {report.model.tolist()}"


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


class OutputsFieldsFlow(FlowSpec):
    """outputs_fields"""

    n = Parameter("n", default=6)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.split)

    @step
    def split(self):
        """Run `split`."""
        with empty_folder():
            result = split(self.n)
            self.parts_train = result.train
            self.parts_rows = plain(result.rows)
            self.parts_test = result.test
        self.next(self.fit)

    @step
    def fit(self):
        """Run `fit`."""
        with empty_folder():
            self.report = fit(self.parts_train)
            self.report_accuracy = plain(self.report.accuracy)
            self.report_labels = plain(self.report.labels)
            self.report_model = self.report.model
        self.next(self.check_report, self.predict, self.describe)

    @step
    def check_report(self):
        """Choose a branch."""
        self.if_report = self.report_accuracy > 0.1
        self.next({True: self.compute_label, False: self.compute_label_2}, condition="if_report")

    @step
    def compute_label(self):
        """Compute `label`."""
        self.label = self.report_labels[0]
        self.next(self.after)

    @step
    def compute_label_2(self):
        """Compute `label_2`."""
        self.label = self.report_labels[1]
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def predict(self):
        """Run `predict`."""
        with empty_folder():
            self.predict_result = plain(predict(self.report_model, self.parts_test))
        self.next(self.join)

    @step
    def describe(self):
        """Run `describe`."""
        with empty_folder():
            self.describe_result = plain(describe(self.report))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["describe_result", "label", "parts_rows", "predict_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.label, self.parts_rows + 1, self.predict_result, self.describe_result]


if __name__ == "__main__":
    OutputsFieldsFlow()
