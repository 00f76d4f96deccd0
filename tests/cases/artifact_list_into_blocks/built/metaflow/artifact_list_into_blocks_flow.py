"""A list of artifacts is read in a branch, in a loop, in a sub-pipeline, and in all of them together."""

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


def pack(x: int) -> Box:
    return Box(x)


def weigh(boxes: list[Box], extra: int = 0) -> int:
    return sum(box.content for box in boxes) + extra


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


class ArtifactListIntoBlocksFlow(FreshArtifacts, FlowSpec):
    """artifact_list_into_blocks"""

    xs = Parameter("xs", type=JSONType, default="[3, 4]")
    wide = Parameter("wide", default=True)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.each_x, self.list_x_2)

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.x_values = [1, 2, 3]
        self.next(self.pack, foreach="x_values")

    @step
    def pack(self):
        """Run `pack`."""
        with empty_folder():
            self.pack_result = pack(self.input)
        self.next(self.gather_fixed)

    @step
    def gather_fixed(self, inputs):
        """Collect the results of each `x`, in order."""
        self.fixed = [task.pack_result for task in inputs]
        self.next(self.join)

    @step
    def list_x_2(self):
        """List what `x_2` goes through."""
        self.x_2_values = list(self.xs)
        self.any_x_2 = bool(self.x_2_values)
        self.next({True: self.each_x_2, False: self.no_x_2}, condition="any_x_2")

    @step
    def each_x_2(self):
        """Start a task for each `x_2`."""
        self.next(self.pack_2, foreach="x_2_values")

    @step
    def pack_2(self):
        """Run `pack`."""
        with empty_folder():
            self.pack_result_2 = pack(self.input)
        self.next(self.gather_found)

    @step
    def gather_found(self, inputs):
        """Collect the results of each `x_2`, in order."""
        self.found = [task.pack_result_2 for task in inputs]
        self.next(self.after)

    @step
    def no_x_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.found = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["fixed", "found"])
        self.next(self.fork)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(
            self.check_wide, self.list_x_3, self.each_x_4, self.check_len, self.check_len_2, self.list_b, self.list_x_5
        )

    @step
    def check_wide(self):
        """Choose a branch."""
        self.if_wide = bool(self.wide)
        self.next({True: self.weigh, False: self.weigh_2}, condition="if_wide")

    @step
    def weigh(self):
        """Run `weigh`."""
        with empty_folder():
            self.first = plain(weigh(self.fixed, len(self.fixed)))
        self.next(self.set_boxes)

    @step
    def set_boxes(self):
        """Set what the branches have in common."""
        self.boxes = self.fixed
        self.next(self.weigh_5)

    @step
    def weigh_2(self):
        """Run `weigh`."""
        with empty_folder():
            self.first = plain(weigh(self.found))
        self.next(self.set_boxes_2)

    @step
    def set_boxes_2(self):
        """Set what the branches have in common."""
        self.boxes = self.found
        self.next(self.weigh_5)

    @step
    def weigh_5(self):
        """Run `weigh`."""
        with empty_folder():
            self.weigh_result_3 = plain(weigh(self.boxes))
        self.next(self.join_2)

    @step
    def list_x_3(self):
        """List what `x_3` goes through."""
        self.x_3_values = list(self.xs)
        self.any_x_3 = bool(self.x_3_values)
        self.next({True: self.each_x_3, False: self.no_x_3}, condition="any_x_3")

    @step
    def each_x_3(self):
        """Start a task for each `x_3`."""
        self.next(self.weigh_3, foreach="x_3_values")

    @step
    def weigh_3(self):
        """Run `weigh`."""
        with empty_folder():
            self.weigh_result = plain(weigh(self.fixed, self.input))
        self.next(self.gather_each)

    @step
    def gather_each(self, inputs):
        """Collect the results of each `x_3`, in order."""
        self.each = [task.weigh_result for task in inputs]
        self.next(self.after_2)

    @step
    def no_x_3(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.each = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def each_x_4(self):
        """Start a task for each `x_4`."""
        self.x_4_values = [10, 20]
        self.next(self.list_y, foreach="x_4_values")

    @step
    def list_y(self):
        """List what `y` goes through."""
        self.x_4 = self.input
        self.y_values = list(self.xs)
        self.any_y = bool(self.y_values)
        self.next({True: self.each_y, False: self.no_y}, condition="any_y")

    @step
    def each_y(self):
        """Start a task for each `y`."""
        self.next(self.weigh_4, foreach="y_values")

    @step
    def weigh_4(self):
        """Run `weigh`."""
        with empty_folder():
            self.weigh_result_2 = plain(weigh(self.found, self.x_4 + self.input))
        self.next(self.gather_weigh_result_2_by_y)

    @step
    def gather_weigh_result_2_by_y(self, inputs):
        """Collect the results of each `y`, in order."""
        self.weigh_result_2_by_y = [task.weigh_result_2 for task in inputs]
        self.next(self.after_3)

    @step
    def no_y(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.weigh_result_2_by_y = []
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_nested)

    @step
    def gather_nested(self, inputs):
        """Collect the results of each `x_4`, in order."""
        self.nested = [task.weigh_result_2_by_y for task in inputs]
        self.next(self.join_2)

    @step
    def check_len(self):
        """Choose a branch."""
        self.if_len = bool(len(self.found) > 1)
        self.next({True: self.only_len, False: self.skip_len}, condition="if_len")

    @step
    def only_len(self):
        """Set what the branches have in common."""
        self.chosen = self.found
        self.next(self.weigh_6)

    @step
    def skip_len(self):
        """Set what the branches have in common."""
        self.chosen = self.fixed
        self.next(self.weigh_6)

    @step
    def weigh_6(self):
        """Run `weigh`."""
        with empty_folder():
            self.weigh_result_4 = plain(weigh(self.chosen))
        self.next(self.join_2)

    @step
    def check_len_2(self):
        """Choose a branch."""
        self.if_len_2 = bool(len(self.fixed) > 1)
        self.next({True: self.only_len_2, False: self.skip_len_2}, condition="if_len_2")

    @step
    def only_len_2(self):
        """Set what the branches have in common."""
        self.chosen_2 = self.fixed
        self.next(self.weigh_7)

    @step
    def skip_len_2(self):
        """Set what the branches have in common."""
        self.chosen_2 = self.fixed
        self.next(self.weigh_7)

    @step
    def weigh_7(self):
        """Run `weigh`."""
        with empty_folder():
            self.weigh_result_5 = plain(weigh(self.chosen_2))
        self.next(self.join_2)

    @step
    def list_b(self):
        """List what `b` goes through."""
        fixed = self.fixed
        self.b_values = list([fixed for _ in self.xs])
        self.any_b = bool(self.b_values)
        self.next({True: self.each_b, False: self.no_b}, condition="any_b")

    @step
    def each_b(self):
        """Start a task for each `b`."""
        self.next(self.weigh_8, foreach="b_values")

    @step
    def weigh_8(self):
        """Run `weigh`."""
        with empty_folder():
            self.weigh_result_6 = plain(weigh(self.input))
        self.next(self.gather_weigh_result_6_by_b)

    @step
    def gather_weigh_result_6_by_b(self, inputs):
        """Collect the results of each `b`, in order."""
        self.weigh_result_6_by_b = [task.weigh_result_6 for task in inputs]
        self.next(self.after_4)

    @step
    def no_b(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.weigh_result_6_by_b = []
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def list_x_5(self):
        """List what `x_5` goes through."""
        self.x_5_values = list(self.xs)
        self.any_x_5 = bool(self.x_5_values)
        self.next({True: self.each_x_5, False: self.no_x_5}, condition="any_x_5")

    @step
    def each_x_5(self):
        """Start a task for each `x_5`."""
        self.next(self.each_box, foreach="x_5_values")

    @step
    def each_box(self):
        """Start a task for each `box`."""
        self.x_5 = self.input
        self.next(self.weigh_9, foreach="fixed")

    @step
    def weigh_9(self):
        """Run `weigh`."""
        with empty_folder():
            self.weigh_result_7 = plain(weigh([self.input], self.x_5))
        self.next(self.gather_weigh_result_7_by_box)

    @step
    def gather_weigh_result_7_by_box(self, inputs):
        """Collect the results of each `box`, in order."""
        self.weigh_result_7_by_box = [task.weigh_result_7 for task in inputs]
        self.next(self.gather_weigh_result_7_by_boxs)

    @step
    def gather_weigh_result_7_by_boxs(self, inputs):
        """Collect the results of each `x_5`, in order."""
        self.weigh_result_7_by_boxs = [task.weigh_result_7_by_box for task in inputs]
        self.next(self.after_5)

    @step
    def no_x_5(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.weigh_result_7_by_boxs = []
        self.next(self.after_5)

    @step
    def after_5(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs,
            include=[
                "each",
                "first",
                "nested",
                "weigh_result_3",
                "weigh_result_4",
                "weigh_result_5",
                "weigh_result_6_by_b",
                "weigh_result_7_by_boxs",
            ],
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        weigh_result_7_by_boxs = self.weigh_result_7_by_boxs
        self.items = [item for items in weigh_result_7_by_boxs for item in items]
        self.result = [
            self.first,
            self.weigh_result_3,
            self.each,
            self.nested,
            self.weigh_result_4,
            self.weigh_result_5,
            self.weigh_result_6_by_b,
            self.items,
        ]


if __name__ == "__main__":
    ArtifactListIntoBlocksFlow()
