"""Train a classifier on handwritten digits: three candidates in parallel, the best one goes to the registry."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import pickle
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from metaflow import Flow, FlowSpec, Parameter, StepMutator, current, retry, step, timeout
from metaflow.metaflow_config import DEFAULT_DATASTORE

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

TARGET = "digit"


def pixels(frame: pd.DataFrame) -> pd.DataFrame:
    """The 64 grey values of each image, between 0 and 1."""
    return frame.drop(columns=TARGET) / 16.0


def load(rows: int) -> pd.DataFrame:
    """Read the first `rows` images of scikit-learn's bundled digits."""
    from sklearn.datasets import load_digits

    frame: pd.DataFrame = load_digits(as_frame=True).frame
    return frame.rename(columns={"target": TARGET}).head(rows)


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set a quarter of the images aside, with every digit in proportion."""
    from sklearn.model_selection import train_test_split

    train_set, test_set = train_test_split(frame, test_size=0.25, stratify=frame[TARGET], random_state=7)
    return train_set, test_set


def train(frame: pd.DataFrame, c: float) -> LogisticRegression:
    """Fit one candidate; a larger `c` regularises less."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=500).fit(pixels(frame), frame[TARGET])


def evaluate(model: LogisticRegression, frame: pd.DataFrame) -> dict[str, float]:
    """Accuracy and macro F1 on images that the model has not seen."""
    from sklearn.metrics import f1_score

    guesses = model.predict(pixels(frame))
    return {
        "accuracy": float((guesses == frame[TARGET]).mean()),
        "f1": float(f1_score(frame[TARGET], guesses, average="macro")),
    }


def register(model: LogisticRegression, name: str, accuracy: float) -> str:
    """Hand the model to the registry, and return its entry there."""
    print(f"registered {name}: {model.n_features_in_} features, accuracy {accuracy:.1%}")
    return f"{name}@{accuracy:.4f}"


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


def reuse(flow: FlowSpec, artifacts: list[str], code: str, inputs: dict, ttl: timedelta | None = None) -> bool:
    """Take the artifacts over from an earlier task of this step with the same code and inputs, if there is one."""
    flow.cache_key = hashlib.sha256(pickle.dumps((code, inputs), protocol=4)).hexdigest()
    flow.reused_from = None
    for run in itertools.islice(Flow(current.flow_name), 20):
        if run.id == current.run_id or current.step_name not in run:
            continue
        for task in run[current.step_name]:
            if not task.successful or "cache_key" not in task or task["cache_key"].data != flow.cache_key:
                continue
            if ttl is None or datetime.now() - task.finished_at < ttl:
                for name in artifacts:
                    setattr(flow, name, task[name].data)
                flow.reused_from = task.pathspec
                return True
    return False


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


class DigitsFlow(FreshArtifacts, FlowSpec):
    """Train, compare and register a digit classifier."""

    rows = Parameter("rows", default=600)
    threshold = Parameter("threshold", default=0.9)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @retry(times=2)
    @on_kubernetes(memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def load(self):
        """Read the first `rows` images of scikit-learn's bundled digits."""
        if not reuse(self, ["frame"], code="load 0be07325688ac39b", inputs={"rows": self.rows}):
            with empty_folder():
                self.frame = load(self.rows)
        self.next(self.split)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def split(self):
        """Set a quarter of the images aside, with every digit in proportion."""
        with empty_folder():
            self.train_set, self.test_set = split(self.frame)
        self.c_values = [0.01, 0.1, 1.0]
        self.next(self.train, foreach="c_values")

    @retry(times=2, minutes_between_retries=1)
    @timeout(minutes=30)
    @on_kubernetes(cpu=1, memory=2147.483648, image="registry.example.com/ml/samples:1.0")
    @step
    def train(self):
        """Fit one candidate; a larger `c` regularises less."""
        with empty_folder():
            self.train_result = train(self.train_set, self.input)
        self.next(self.gather_models)

    @step
    def gather_models(self, inputs):
        """Collect the results of each `c`, in order."""
        self.merge_artifacts(inputs, include=["test_set"])
        self.models = [task.train_result for task in inputs]
        self.next(self.each_model)

    @step
    def each_model(self):
        """Start a task for each `model`."""
        self.next(self.evaluate, foreach="models")

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def evaluate(self):
        """Accuracy and macro F1 on images that the model has not seen."""
        with empty_folder():
            self.evaluate_result = plain(evaluate(self.input, self.test_set))
        self.next(self.gather_evaluate_results)

    @step
    def gather_evaluate_results(self, inputs):
        """Collect the results of each `model`, in order."""
        self.merge_artifacts(inputs, include=["models"])
        self.evaluate_results = [task.evaluate_result for task in inputs]
        self.scores = [evaluate_result["accuracy"] for evaluate_result in self.evaluate_results]
        self.best = max(range(len(self.scores)), key=lambda i: self.scores[i])
        self.next(self.check_threshold)

    @step
    def check_threshold(self):
        """Choose a branch."""
        self.if_threshold = self.scores[self.best] >= self.threshold
        self.next({True: self.register, False: self.skip_threshold}, condition="if_threshold")

    @on_kubernetes(memory=536.870912, image="registry.example.com/ml/samples:1.0")
    @step
    def register(self):
        """Hand the model to the registry, and return its entry there."""
        with empty_folder():
            self.result = plain(register(self.models[self.best], f"digits-{self.rows}", self.scores[self.best]))
        self.next(self.end)

    @step
    def skip_threshold(self):
        """Set what the branches have in common."""
        self.result = None
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result`."""


if __name__ == "__main__":
    DigitsFlow()
