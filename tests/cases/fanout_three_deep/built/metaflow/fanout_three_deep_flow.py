"""Fan-outs three deep, with steps before and after the inner ones."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def upto(n: int) -> list[int]:
    return list(range(n))


def plus(a: int, b: int) -> int:
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


class FanoutThreeDeepFlow(FlowSpec):
    """fanout_three_deep"""

    xs = Parameter("xs", type=JSONType, default="[1, 2]")

    @step
    def start(self):
        """Start the flow."""
        self.x_values = list(self.xs)
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.upto, foreach="x_values")

    @step
    def upto(self):
        """Run `upto`."""
        self.x = self.input
        with empty_folder():
            self.items = plain(upto(deepcopy(self.x)))
        self.next(self.list_y)

    @step
    def list_y(self):
        """List what `y` goes through."""
        self.any_y = bool(self.items)
        self.next({True: self.each_y, False: self.no_y}, condition="any_y")

    @step
    def each_y(self):
        """Start a task for each `y`."""
        self.next(self.fork, foreach="items")

    @step
    def fork(self):
        """Start the parallel branches."""
        self.y = self.input
        self.next(self.plus, self.upto_2)

    @step
    def plus(self):
        """Run `plus`."""
        with empty_folder():
            self.base = plain(plus(self.x, self.y))
        self.next(self.join_plus_upto_2)

    @step
    def upto_2(self):
        """Run `upto`."""
        with empty_folder():
            self.items_2 = plain(upto(self.y + 1))
        self.next(self.join_plus_upto_2)

    @step
    def join_plus_upto_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["base", "items_2"])
        self.next(self.list_z)

    @step
    def list_z(self):
        """List what `z` goes through."""
        self.any_z = bool(self.items_2)
        self.next({True: self.each_z, False: self.no_z}, condition="any_z")

    @step
    def each_z(self):
        """Start a task for each `z`."""
        self.next(self.plus_2, foreach="items_2")

    @step
    def plus_2(self):
        """Run `plus`."""
        with empty_folder():
            self.plus_result = plain(plus(self.base, self.input))
        self.next(self.gather_sums)

    @step
    def gather_sums(self, inputs):
        """Collect the results of each `z`, in order."""
        self.merge_artifacts(inputs, include=["base"])
        self.sums = [task.plus_result for task in inputs]
        self.next(self.plus_3)

    @step
    def no_z(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.sums = []
        self.next(self.plus_3)

    @step
    def plus_3(self):
        """Run `plus`."""
        with empty_folder():
            self.totals_item = plain(plus(self.base, sum(self.sums)))
        self.next(self.gather_totals_items)

    @step
    def gather_totals_items(self, inputs):
        """Collect the results of each `y`, in order."""
        self.totals_items = [task.totals_item for task in inputs]
        self.next(self.after)

    @step
    def no_y(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.totals_items = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_totals_items_by_x)

    @step
    def gather_totals_items_by_x(self, inputs):
        """Collect the results of each `x`, in order."""
        self.totals_items_by_x = [task.totals_items for task in inputs]
        self.next(self.end)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.totals_items_by_x = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `totals`."""
        self.totals = [item for items in self.totals_items_by_x for item in items]


if __name__ == "__main__":
    FanoutThreeDeepFlow()
