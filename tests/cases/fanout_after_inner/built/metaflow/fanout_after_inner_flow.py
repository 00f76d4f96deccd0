"""A step below an inner loop that needs the item of the outer one alone."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def upto(n: int) -> list[int]:
    return list(range(n))


def note(x: int) -> None:
    assert x < 9


def twice(x: int) -> int:
    return x * 2


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
            raise RuntimeError(f"step {current.step_name!r} exited with {error.code!r}") from error
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


class FanoutAfterInnerFlow(FreshArtifacts, FlowSpec):
    """fanout_after_inner"""

    n = Parameter("n", default=3)
    m = Parameter("m", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.upto)

    @step
    def upto(self):
        """Run `upto`."""
        with empty_folder():
            self.items = plain(upto(self.n))
        self.next(self.list_x)

    @step
    def list_x(self):
        """List what `x` goes through."""
        self.any_x = bool(self.items)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.list_y, foreach="items")

    @step
    def list_y(self):
        """List what `y` goes through."""
        self.x = self.input
        self.y_values = list(range(self.m))
        self.any_y = bool(self.y_values)
        self.next({True: self.each_y, False: self.no_y}, condition="any_y")

    @step
    def each_y(self):
        """Start a task for each `y`."""
        self.next(self.note, foreach="y_values")

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(self.x + self.input)
        self.next(self.join_y)

    @step
    def join_y(self, inputs):
        """Wait for all items."""
        self.merge_artifacts(inputs, include=["items", "x"])
        self.next(self.twice)

    @step
    def no_y(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.next(self.twice)

    @step
    def twice(self):
        """Run `twice`."""
        with empty_folder():
            self.found_value = plain(twice(self.x))
        self.next(self.gather_found_values)

    @step
    def gather_found_values(self, inputs):
        """Collect the results of each `x`, in order."""
        self.merge_artifacts(inputs, include=["items"])
        self.found_values = [task.found_value for task in inputs]
        self.next(self.end)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.found_values = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `found`."""
        items = self.items
        found_values = self.found_values
        self.found = {f"k{x}": found_value for x, found_value in zip(items, found_values)}


if __name__ == "__main__":
    FanoutAfterInnerFlow()
