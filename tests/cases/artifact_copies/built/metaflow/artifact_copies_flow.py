"""A step gets copies: changing an argument in place is not seen by another step."""

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

    return np.arange(n)


def rows() -> list[int]:
    return [1, 2, 3]


def clear(values: np.ndarray, rows: list[int]) -> int:
    values[:] = 0
    rows.clear()
    return 0


def total(values: np.ndarray, rows: list[int], _: int) -> list[int]:
    return [int(values.sum()), len(rows)]


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


class ArtifactCopiesFlow(FreshArtifacts, FlowSpec):
    """artifact_copies"""

    n = Parameter("n", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load, self.rows)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.values = load(self.n)
        self.next(self.clear)

    @step
    def rows(self):
        """Run `rows`."""
        with empty_folder():
            self.some = plain(rows())
        self.next(self.clear)

    @step
    def clear(self, inputs):
        """Run `clear`."""
        self.merge_artifacts(inputs, include=["some", "values"])
        with empty_folder():
            self.done = plain(clear(self.values, self.some))
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.values, self.some, self.done))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `total_result`."""


if __name__ == "__main__":
    ArtifactCopiesFlow()
