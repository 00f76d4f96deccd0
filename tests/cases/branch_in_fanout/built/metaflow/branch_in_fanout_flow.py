"""An `if` inside a fan-out decides for each item."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def items(n: int) -> list[int]:
    return list(range(n))


def even(n: int) -> str:
    return f"{n} even"


def odd(n: int) -> str:
    return f"{n} odd"


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


class BranchInFanoutFlow(FlowSpec):
    """branch_in_fanout"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.items)

    @step
    def items(self):
        """Run `items`."""
        with empty_folder():
            self.items_2 = plain(items(self.n))
        self.next(self.list_item)

    @step
    def list_item(self):
        """List what `item` goes through."""
        self.any_item = bool(self.items_2)
        self.next({True: self.each_item, False: self.no_item}, condition="any_item")

    @step
    def each_item(self):
        """Start a task for each `item`."""
        self.next(self.check_item, foreach="items_2")

    @step
    def check_item(self):
        """Choose a branch."""
        self.item = self.input
        self.if_item = bool(self.item % 2)
        self.next({True: self.odd, False: self.even}, condition="if_item")

    @step
    def odd(self):
        """Run `odd`."""
        with empty_folder():
            self.label = plain(odd(self.item))
        self.next(self.after_odd_even)

    @step
    def even(self):
        """Run `even`."""
        with empty_folder():
            self.label = plain(even(self.item))
        self.next(self.after_odd_even)

    @step
    def after_odd_even(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_label_3_by_item)

    @step
    def gather_label_3_by_item(self, inputs):
        """Collect the results of each `item`, in order."""
        self.label_3_by_item = [task.label for task in inputs]
        self.next(self.end)

    @step
    def no_item(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.label_3_by_item = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `label_3_by_item`."""


if __name__ == "__main__":
    BranchInFanoutFlow()
