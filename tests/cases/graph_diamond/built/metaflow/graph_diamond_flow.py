"""A diamond: two tasks between a fork and a join."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def start(n: int) -> int:
    return n


def left(n: int) -> int:
    return n + 1


def right(n: int) -> int:
    return n * 10


def end(a: int, b: int) -> int:
    return a + b


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


class GraphDiamondFlow(FlowSpec):
    """graph_diamond"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.start_2)

    @step
    def start_2(self):
        """Run `start`."""
        with empty_folder():
            self.a = plain(start(self.n))
        self.next(self.left, self.right)

    @step
    def left(self):
        """Run `left`."""
        with empty_folder():
            self.a_2 = plain(left(self.a))
        self.next(self.end_2)

    @step
    def right(self):
        """Run `right`."""
        with empty_folder():
            self.b = plain(right(self.a))
        self.next(self.end_2)

    @step
    def end_2(self, inputs):
        """Run `end`."""
        self.merge_artifacts(inputs, include=["a_2", "b"])
        with empty_folder():
            self.end_result = plain(end(self.a_2, self.b))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `end_result`."""


if __name__ == "__main__":
    GraphDiamondFlow()
