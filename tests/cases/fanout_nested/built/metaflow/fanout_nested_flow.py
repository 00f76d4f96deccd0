"""A fan-out inside a fan-out, the inner one over what the outer item gives."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def outer(n: int) -> list[int]:
    return list(range(1, n + 1))


def inner(n: int) -> list[int]:
    return [n * 10 + i for i in range(n)]


def work(a: int, b: int) -> int:
    return a * 1000 + b


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


class FanoutNestedFlow(FlowSpec):
    """fanout_nested"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.outer)

    @step
    def outer(self):
        """Run `outer`."""
        with empty_folder():
            self.items = plain(outer(self.n))
        self.next(self.list_a)

    @step
    def list_a(self):
        """List what `a` goes through."""
        self.any_a = bool(self.items)
        self.next({True: self.each_a, False: self.no_a}, condition="any_a")

    @step
    def each_a(self):
        """Start a task for each `a`."""
        self.next(self.inner, foreach="items")

    @step
    def inner(self):
        """Run `inner`."""
        self.a = self.input
        with empty_folder():
            self.items_2 = plain(inner(self.a))
        self.next(self.list_b)

    @step
    def list_b(self):
        """List what `b` goes through."""
        self.any_b = bool(self.items_2)
        self.next({True: self.each_b, False: self.no_b}, condition="any_b")

    @step
    def each_b(self):
        """Start a task for each `b`."""
        self.next(self.work, foreach="items_2")

    @step
    def work(self):
        """Run `work`."""
        with empty_folder():
            self.work_result = plain(work(self.a, self.input))
        self.next(self.gather_cells)

    @step
    def gather_cells(self, inputs):
        """Collect the results of each `b`, in order."""
        self.cells = [task.work_result for task in inputs]
        self.next(self.after)

    @step
    def no_b(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.cells = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_cells_by_a)

    @step
    def gather_cells_by_a(self, inputs):
        """Collect the results of each `a`, in order."""
        self.cells_by_a = [task.cells for task in inputs]
        self.next(self.end)

    @step
    def no_a(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.cells_by_a = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `cells_by_a`."""


if __name__ == "__main__":
    FanoutNestedFlow()
