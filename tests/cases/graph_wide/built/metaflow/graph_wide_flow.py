"""Many independent tasks at the start, and one that needs them all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def square(n: int) -> int:
    return n * n


def total(*numbers: int) -> int:
    return sum(numbers)


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


class GraphWideFlow(FlowSpec):
    """graph_wide"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.square, self.square_2, self.square_3, self.square_4, self.square_5)

    @step
    def square(self):
        """Run `square`."""
        with empty_folder():
            self.a = plain(square(1))
        self.next(self.total)

    @step
    def square_2(self):
        """Run `square`."""
        with empty_folder():
            self.b = plain(square(2))
        self.next(self.total)

    @step
    def square_3(self):
        """Run `square`."""
        with empty_folder():
            self.c = plain(square(3))
        self.next(self.total)

    @step
    def square_4(self):
        """Run `square`."""
        with empty_folder():
            self.d = plain(square(4))
        self.next(self.total)

    @step
    def square_5(self):
        """Run `square`."""
        with empty_folder():
            self.e = plain(square(5))
        self.next(self.total)

    @step
    def total(self, inputs):
        """Run `total`."""
        self.merge_artifacts(inputs, include=["a", "b", "c", "d", "e"])
        with empty_folder():
            self.total_result = plain(total(self.a, self.b, self.c, self.d, self.e))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `total_result`."""


if __name__ == "__main__":
    GraphWideFlow()
