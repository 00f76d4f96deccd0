"""Watch the data that a model sees in production, and train again only when it has drifted."""

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


def reference_window(rows: int) -> pd.DataFrame:
    """What the model was trained on."""
    from sklearn.datasets import load_wine

    frame: pd.DataFrame = load_wine(as_frame=True).frame
    return frame.sample(rows, random_state=7).drop(columns=TARGET)


def current_window(rows: int, shift: float) -> pd.DataFrame:
    """What production saw since; `shift` moves the alcohol content, as a new supplier would."""
    from sklearn.datasets import load_wine

    frame: pd.DataFrame = load_wine(as_frame=True).frame
    window = frame.sample(rows, random_state=8).drop(columns=TARGET)
    return window.assign(alcohol=window["alcohol"] + shift)


def list_features(frame: pd.DataFrame) -> list[str]:
    """The columns to watch."""
    return [str(name) for name in frame.columns]


def drift(reference: pd.DataFrame, current: pd.DataFrame, feature: str, bins: int = 5) -> float:
    """Population stability index of one feature: above 0.25 means that it has moved."""
    import numpy as np

    edges = np.quantile(reference[feature], np.linspace(0, 1, bins + 1)[1:-1])
    shares = []
    for frame in (reference, current):
        counts = np.bincount(np.searchsorted(edges, frame[feature]), minlength=bins)
        shares.append((counts + 0.5) / (counts.sum() + 0.5 * bins))
    before, after = shares
    return round(float(((after - before) * np.log(after / before)).sum()), 6)


def alert(features: list[str], accuracy: float) -> str:
    """Tell the people on duty what moved, and what the new model makes of it."""
    return f"retrained because of {', '.join(features)}: accuracy {accuracy:.1%}"


def summarize(psi: dict[str, float]) -> dict[str, float]:
    """The numbers that go to the dashboard."""
    return {"mean": round(sum(psi.values()) / len(psi), 6), "max": max(psi.values())}


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class MonitoringFlow(FreshArtifacts, FlowSpec):
    """Compare production with the training data; stop early when nothing has moved."""

    rows = Parameter("rows", default=120)
    shift = Parameter("shift", default=1.5)
    limit = Parameter("limit", default=0.25)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.reference_window, self.current_window)

    @retry(times=2)
    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def reference_window(self):
        """What the model was trained on."""
        with empty_folder():
            self.reference = reference_window(self.rows)
        self.next(self.list_features)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def list_features(self):
        """The columns to watch."""
        with empty_folder():
            self.items = plain(list_features(self.reference))
        self.next(self.join_list_features_current_window)

    @retry(times=2)
    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def current_window(self):
        """What production saw since; `shift` moves the alcohol content, as a new supplier would."""
        with empty_folder():
            self.current = current_window(self.rows, self.shift)
        self.next(self.join_list_features_current_window)

    @step
    def join_list_features_current_window(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["current", "items", "reference"])
        self.next(self.list_name)

    @step
    def list_name(self):
        """List what `name` goes through."""
        self.any_name = bool(self.items)
        self.next({True: self.each_name, False: self.no_name}, condition="any_name")

    @step
    def each_name(self):
        """Start a task for each `name`."""
        self.next(self.drift, foreach="items")

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def drift(self):
        """Population stability index of one feature: above 0.25 means that it has moved."""
        with empty_folder():
            self.drift_result = plain(drift(self.reference, self.current, self.input))
        self.next(self.gather_drift_results)

    @step
    def gather_drift_results(self, inputs):
        """Collect the results of each `name`, in order."""
        self.merge_artifacts(inputs, include=["items"])
        self.drift_results = [task.drift_result for task in inputs]
        self.next(self.after)

    @step
    def no_name(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.drift_results = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        items = self.items
        drift_results = self.drift_results
        self.psi = {name: drift_result for name, drift_result in zip(items, drift_results)}
        self.drifted = [name for name, value in self.psi.items() if value > self.limit]
        self.next(self.summarize)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def summarize(self):
        """The numbers that go to the dashboard."""
        with empty_folder():
            self.summary = plain(summarize(self.psi))
        self.if_drifted = not self.drifted
        self.next({True: self.only_drifted, False: self.prepare}, condition="if_drifted")

    @step
    def only_drifted(self):
        """Set what the branches have in common."""
        self.result = {"status": "stable", "drift": self.summary}
        self.next(self.end)

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
            self.model = fit(self.train_set, 30)
        self.next(self.evaluate)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def evaluate(self):
        """Accuracy on the test set."""
        with empty_folder():
            self.evaluate_result = plain(evaluate(self.model, self.test_set))
        self.next(self.alert)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def alert(self):
        """Tell the people on duty what moved, and what the new model makes of it."""
        with empty_folder():
            self.message = plain(alert(self.drifted, self.evaluate_result["accuracy"]))
        self.result = {"status": "retrained", "drift": self.summary, "message": self.message}
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result`."""


if __name__ == "__main__":
    MonitoringFlow()
