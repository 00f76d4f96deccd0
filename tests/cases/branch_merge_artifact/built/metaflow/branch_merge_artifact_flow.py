"""An artifact that comes from either arm, or from before the branch."""

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


def center(values: np.ndarray) -> np.ndarray:
    return values - values.mean()


def scale(values: np.ndarray) -> np.ndarray:
    return values / values.max()


def total(values: np.ndarray) -> float:
    return float(values.sum())


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


class BranchMergeArtifactFlow(FlowSpec):
    """branch_merge_artifact"""

    n = Parameter("n", default=5)
    mode = Parameter("mode", default="scale")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.values = load(self.n)
        self.next(self.check_mode_2, self.total_2)

    @step
    def check_mode_2(self):
        """Choose a branch."""
        self.if_mode_2 = self.mode == "scale"
        self.next({True: self.scale, False: self.check_mode}, condition="if_mode_2")

    @step
    def scale(self):
        """Run `scale`."""
        with empty_folder():
            self.ready = scale(self.values)
        self.next(self.total)

    @step
    def check_mode(self):
        """Choose a branch."""
        self.if_mode = self.mode == "center"
        self.next({True: self.center, False: self.skip_mode}, condition="if_mode")

    @step
    def center(self):
        """Run `center`."""
        with empty_folder():
            self.ready = center(self.values)
        self.next(self.total)

    @step
    def skip_mode(self):
        """Set what the branches have in common."""
        self.ready = self.values
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.ready))
        self.next(self.join_total_total_2)

    @step
    def total_2(self):
        """Run `total`."""
        with empty_folder():
            self.total_result_2 = plain(total(self.values))
        self.next(self.join_total_total_2)

    @step
    def join_total_total_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["total_result", "total_result_2"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.total_result, self.total_result_2]


if __name__ == "__main__":
    BranchMergeArtifactFlow()
