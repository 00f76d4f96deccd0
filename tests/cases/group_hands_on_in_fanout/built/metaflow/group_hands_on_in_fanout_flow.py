"""A sub-pipeline in a loop hands on what is the same for every item: a parameter, a value, and an artifact."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


@dataclass
class Box:
    content: int


def count(n: int) -> int:
    return n + 1


def box(n: int) -> Box:
    return Box(n)


def total(boxes: list[Box], numbers: list[int]) -> int:
    return sum(b.content for b in boxes) + sum(numbers)


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


class GroupHandsOnInFanoutFlow(FreshArtifacts, FlowSpec):
    """group_hands_on_in_fanout"""

    n = Parameter("n", default=2)
    items = Parameter("items", type=JSONType, default="[4, 5, 6]")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.count, self.box)

    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.count_result = plain(count(self.n))
        self.next(self.join_count_box)

    @step
    def box(self):
        """Run `box`."""
        with empty_folder():
            self.box_result = box(self.n)
        self.next(self.join_count_box)

    @step
    def join_count_box(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["box_result", "count_result"])
        self.next(self.list_item)

    @step
    def list_item(self):
        """List what `item` goes through."""
        self.item_values = list(self.items)
        self.any_item = bool(self.item_values)
        self.next({True: self.each_item, False: self.no_item}, condition="any_item")

    @step
    def each_item(self):
        """Start a task for each `item`."""
        self.next(self.compute_parameters_item, foreach="item_values")

    @step
    def compute_parameters_item(self):
        """Compute `parameters_item`."""
        self.item = self.input
        self.parameters_item = self.n
        self.values_item = self.count_result
        self.boxes_item = self.box_result
        self.next(self.count_2)

    @step
    def count_2(self):
        """Run `count`."""
        with empty_folder():
            count(self.item)
        self.next(self.gather_parameters_items)

    @step
    def gather_parameters_items(self, inputs):
        """Collect the results of each `item`, in order."""
        self.merge_artifacts(inputs, include=["count_result"])
        self.parameters_items = [task.parameters_item for task in inputs]
        self.values_items = [task.values_item for task in inputs]
        self.boxes_items = [task.boxes_item for task in inputs]
        self.next(self.after)

    @step
    def no_item(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.parameters_items = []
        self.values_items = []
        self.boxes_items = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.list, self.total)

    @step
    def list(self):
        """List what `_` goes through."""
        self.values = list(self.items)
        self.any__ = bool(self.values)
        self.next({True: self.each, False: self.no}, condition="any__")

    @step
    def each(self):
        """Start a task for each `_`."""
        self.next(self.compute_alone_item, foreach="values")

    @step
    def compute_alone_item(self):
        """Compute `alone_item`."""
        self.alone_item = self.count_result
        self.next(self.gather_alone_items)

    @step
    def gather_alone_items(self, inputs):
        """Collect the results of each `_`, in order."""
        self.merge_artifacts(inputs, include=["parameters_items", "values_items"])
        self.alone_items = [task.alone_item for task in inputs]
        self.next(self.after_2)

    @step
    def no(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.alone_items = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.boxes_items, self.values_items))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["alone_items", "parameters_items", "total_result", "values_items"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.parameters_items, self.values_items, self.alone_items, self.total_result]


if __name__ == "__main__":
    GroupHandsOnInFanoutFlow()
