"""A list of objects is merged with a value of any kind."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


@dataclass
class Model:
    score: int


def train(n: int) -> Model:
    return Model(10 * n)


def describe(found: object) -> str:
    return f"{len(found)} models" if isinstance(found, list) else repr(found)


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


class BranchMergeListFlow(FreshArtifacts, FlowSpec):
    """branch_merge_list"""

    n = Parameter("n", default=2)
    reason = Parameter("reason", default="{{ ds }}")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.train, self.train_2)

    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.train_result = train(1)
        self.next(self.join_train_train_2)

    @step
    def train_2(self):
        """Run `train`."""
        with empty_folder():
            self.train_result_2 = train(2)
        self.next(self.join_train_train_2)

    @step
    def join_train_train_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["train_result", "train_result_2"])
        self.models = [self.train_result, self.train_result_2]
        self.next(self.check_n_3)

    @step
    def check_n_3(self):
        """Choose a branch."""
        self.if_n_3 = self.n > 1
        self.next({True: self.only_n_3, False: self.check_n_2}, condition="if_n_3")

    @step
    def only_n_3(self):
        """Set what the branches have in common."""
        self.found = self.models
        self.next(self.describe)

    @step
    def check_n_2(self):
        """Choose a branch."""
        self.if_n_2 = self.n > 0
        self.next({True: self.only_n_2, False: self.check_n}, condition="if_n_2")

    @step
    def only_n_2(self):
        """Set what the branches have in common."""
        self.found = self.reason
        self.next(self.describe)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > -1
        self.next({True: self.only_n, False: self.compute_found}, condition="if_n")

    @step
    def only_n(self):
        """Set what the branches have in common."""
        self.found = []
        self.next(self.describe)

    @step
    def compute_found(self):
        """Compute `found`."""
        self.found = {1.5, self.n}
        self.next(self.describe)

    @step
    def describe(self):
        """Run `describe`."""
        with empty_folder():
            self.describe_result = plain(describe(self.found))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = (self.describe_result, self.found)


if __name__ == "__main__":
    BranchMergeListFlow()
