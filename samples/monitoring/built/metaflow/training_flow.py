"""Train the wine classifier: a pipeline of its own, and a part of the monitoring pipeline."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from metaflow import FlowSpec, Parameter, StepMutator, current, retry, step
from metaflow.metaflow_config import DEFAULT_DATASTORE

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier

TARGET = "target"


def prepare(shift: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Labelled data with the drift in it, split for training and test."""
    from sklearn.datasets import load_wine
    from sklearn.model_selection import train_test_split

    frame: pd.DataFrame = load_wine(as_frame=True).frame
    moved = frame.assign(alcohol=frame["alcohol"] + shift)
    train_set, test_set = train_test_split(moved, test_size=0.3, stratify=moved[TARGET], random_state=7)
    return train_set, test_set


def fit(frame: pd.DataFrame, trees: int) -> RandomForestClassifier:
    """Fit the forest."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(trees, random_state=7).fit(frame.drop(columns=TARGET), frame[TARGET])


def evaluate(model: RandomForestClassifier, frame: pd.DataFrame) -> dict[str, float]:
    """Accuracy on the test set."""
    return {"accuracy": round(float(model.score(frame.drop(columns=TARGET), frame[TARGET])), 6)}


class on_kubernetes(StepMutator):
    """Adds `@kubernetes` where a remote datastore is configured, so that the flow also runs without a cluster."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("kubernetes", deco_kwargs=self.kwargs)


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


class TrainingFlow(FlowSpec):
    """Train on the latest labelled data."""

    shift = Parameter("shift", default=0.0)
    trees = Parameter("trees", default=30)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.prepare)

    @retry(times=2)
    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def prepare(self):
        """Labelled data with the drift in it, split for training and test."""
        with empty_folder():
            self.train_set, self.test_set = prepare(self.shift)
        self.next(self.fit)

    @on_kubernetes(cpu=1, memory=2147.483648, image="registry.example.com/ml/samples:1.0")
    @step
    def fit(self):
        """Fit the forest."""
        with empty_folder():
            self.model = fit(self.train_set, self.trees)
        self.next(self.evaluate)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def evaluate(self):
        """Accuracy on the test set."""
        with empty_folder():
            self.evaluate_result = plain(evaluate(self.model, self.test_set))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `evaluate_result`."""


if __name__ == "__main__":
    TrainingFlow()
