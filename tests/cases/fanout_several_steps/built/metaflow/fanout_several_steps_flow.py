"""Several calls in one iteration, among them one that does not depend on the item: it runs once for each iteration."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def items() -> list[int]:
    return [1, 2, 3]


def constant() -> int:
    return 100


def add(a: int, b: int) -> int:
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


class FanoutSeveralStepsFlow(FlowSpec):
    """fanout_several_steps"""

    k = Parameter("k", default=5)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.items)

    @step
    def items(self):
        """Run `items`."""
        with empty_folder():
            self.items_2 = plain(items())
        self.next(self.list_item)

    @step
    def list_item(self):
        """List what `item` goes through."""
        self.any_item = bool(self.items_2)
        self.next({True: self.each_item, False: self.no_item}, condition="any_item")

    @step
    def each_item(self):
        """Start a task for each `item`."""
        self.next(self.constant, foreach="items_2")

    @step
    def constant(self):
        """Run `constant`."""
        self.item = self.input
        with empty_folder():
            self.base = plain(constant())
        self.next(self.add)

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.first = plain(add(self.item, self.base))
        self.next(self.add_2)

    @step
    def add_2(self):
        """Run `add`."""
        with empty_folder():
            self.sums_item = plain(add(self.first, self.first * self.k))
        self.next(self.gather_sums_items)

    @step
    def gather_sums_items(self, inputs):
        """Collect the results of each `item`, in order."""
        self.sums_items = [task.sums_item for task in inputs]
        self.next(self.end)

    @step
    def no_item(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.sums_items = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `sums_items`."""


if __name__ == "__main__":
    FanoutSeveralStepsFlow()
