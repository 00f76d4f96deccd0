"""A fan-out over artifacts, and artifacts out of a fan-out: passed on as a list, indexed, and counted."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from metaflow import FlowSpec, Parameter, current, step

if TYPE_CHECKING:
    import numpy as np


def split(n: int) -> list[np.ndarray]:
    import numpy as np

    return np.array_split(np.arange(n), 3)


def double(part: np.ndarray) -> np.ndarray:
    return part * 2


def total(part: np.ndarray) -> int:
    return int(part.sum())


def merge(parts: list[np.ndarray]) -> list[int]:
    import numpy as np

    return np.concatenate(parts).tolist()


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


class FanoutArtifactsFlow(FreshArtifacts, FlowSpec):
    """fanout_artifacts"""

    n = Parameter("n", default=7)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.split)

    @step
    def split(self):
        """Run `split`."""
        with empty_folder():
            self.parts = split(self.n)
        self.next(self.list_p)

    @step
    def list_p(self):
        """List what `p` goes through."""
        self.any_p = bool(self.parts)
        self.next({True: self.each_p, False: self.no_p}, condition="any_p")

    @step
    def each_p(self):
        """Start a task for each `p`."""
        self.next(self.double, foreach="parts")

    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            self.double_result = double(self.input)
        self.next(self.gather_doubled)

    @step
    def gather_doubled(self, inputs):
        """Collect the results of each `p`, in order."""
        self.doubled = [task.double_result for task in inputs]
        self.next(self.after)

    @step
    def no_p(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.doubled = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.list_d, self.merge, self.total_2)

    @step
    def list_d(self):
        """List what `d` goes through."""
        self.any_d = bool(self.doubled)
        self.next({True: self.each_d, False: self.no_d}, condition="any_d")

    @step
    def each_d(self):
        """Start a task for each `d`."""
        self.next(self.total, foreach="doubled")

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.input))
        self.next(self.gather_totals)

    @step
    def gather_totals(self, inputs):
        """Collect the results of each `d`, in order."""
        self.merge_artifacts(inputs, include=["doubled"])
        self.totals = [task.total_result for task in inputs]
        self.next(self.total_3)

    @step
    def no_d(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.totals = []
        self.next(self.total_3)

    @step
    def total_3(self):
        """Run `total`."""
        with empty_folder():
            totals = self.totals
            self.total_result_3 = plain(total(self.doubled[totals.index(max(totals))]))
        self.next(self.join_total_3_merge_total_2)

    @step
    def merge(self):
        """Run `merge`."""
        with empty_folder():
            self.merge_result = plain(merge(self.doubled))
        self.next(self.join_total_3_merge_total_2)

    @step
    def total_2(self):
        """Run `total`."""
        with empty_folder():
            self.total_result_2 = plain(total(self.doubled[-1]))
        self.next(self.join_total_3_merge_total_2)

    @step
    def join_total_3_merge_total_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["doubled", "merge_result", "total_result_2", "total_result_3", "totals"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.merge_result, self.totals, self.total_result_2, len(self.doubled), self.total_result_3]


if __name__ == "__main__":
    FanoutArtifactsFlow()
