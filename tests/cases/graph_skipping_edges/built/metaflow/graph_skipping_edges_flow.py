"""A chain whose members are also read much later, by a task that everything flows into."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def grow(n: int, by: int = 1) -> int:
    return n + by


def collect(*values: int) -> list[int]:
    return list(values)


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


class GraphSkippingEdgesFlow(FlowSpec):
    """graph_skipping_edges"""

    n = Parameter("n", default=0)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.grow, self.grow_5)

    @step
    def grow(self):
        """Run `grow`."""
        with empty_folder():
            self.a = plain(grow(self.n))
        self.next(self.grow_2)

    @step
    def grow_2(self):
        """Run `grow`."""
        with empty_folder():
            self.b = plain(grow(self.a))
        self.next(self.grow_3)

    @step
    def grow_3(self):
        """Run `grow`."""
        with empty_folder():
            self.c = plain(grow(self.b, self.a))
        self.next(self.grow_4)

    @step
    def grow_4(self):
        """Run `grow`."""
        with empty_folder():
            self.d = plain(grow(self.c, self.a))
        self.next(self.collect)

    @step
    def grow_5(self):
        """Run `grow`."""
        with empty_folder():
            self.e = plain(grow(10))
        self.next(self.collect)

    @step
    def collect(self, inputs):
        """Run `collect`."""
        self.merge_artifacts(inputs, include=["a", "b", "c", "d", "e"])
        with empty_folder():
            self.collect_result = plain(collect(self.a, self.b, self.c, self.d, self.e, self.a))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `collect_result`."""


if __name__ == "__main__":
    GraphSkippingEdgesFlow()
