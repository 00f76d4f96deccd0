"""Artifacts go into a group and come out of it; a group that returns a tuple is unpacked."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from metaflow import FlowSpec, Parameter, current, step

if TYPE_CHECKING:
    import numpy as np


def load(n: int) -> np.ndarray:
    import numpy as np

    return np.arange(n, dtype=float)


def shift(values: np.ndarray, by: float) -> np.ndarray:
    return values + by


def total(values: np.ndarray) -> float:
    return float(values.sum())


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


class GroupArtifactsFlow(FreshArtifacts, FlowSpec):
    """group_artifacts"""

    n = Parameter("n", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.values = load(self.n)
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.before = plain(total(self.values))
        self.next(self.shift)

    @step
    def shift(self):
        """Run `shift`."""
        with empty_folder():
            self.shift_result = shift(self.values, -self.before / self.n)
        self.next(self.total_2, self.shift_2)

    @step
    def total_2(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.shift_result))
        self.next(self.join_total_2_total_3)

    @step
    def shift_2(self):
        """Run `shift`."""
        with empty_folder():
            self.values_3 = shift(self.shift_result, 1.0)
        self.next(self.total_3)

    @step
    def total_3(self):
        """Run `total`."""
        with empty_folder():
            self.total_result_2 = plain(total(self.values_3))
        self.next(self.join_total_2_total_3)

    @step
    def join_total_2_total_3(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["before", "total_result", "total_result_2"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.before, self.total_result, self.total_result_2]


if __name__ == "__main__":
    GroupArtifactsFlow()
