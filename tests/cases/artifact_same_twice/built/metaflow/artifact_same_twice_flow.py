"""One artifact under two names: handed twice to a sub-pipeline, handed out twice by it, merged and as it was."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


@dataclass
class Box:
    content: int


def pack(x: int) -> Box:
    return Box(x)


def both(a: Box, b: Box, n: int = 0) -> int:
    return 10 * a.content + b.content + n


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


class ArtifactSameTwiceFlow(FlowSpec):
    """artifact_same_twice"""

    x = Parameter("x", default=2)
    up = Parameter("up", default=True)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fork, self.pack_3)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.pack, self.pack_2)

    @step
    def pack(self):
        """Run `pack`."""
        with empty_folder():
            self.one = pack(self.x)
        self.next(self.join_pack_pack_2)

    @step
    def pack_2(self):
        """Run `pack`."""
        with empty_folder():
            self.two = pack(self.x + 1)
        self.next(self.join_pack_pack_2)

    @step
    def join_pack_pack_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["one", "two"])
        self.next(self.fork_2)

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.check_up, self.check_a)

    @step
    def check_up(self):
        """Choose a branch."""
        self.if_up = bool(self.up)
        self.next({True: self.only_up, False: self.skip_up}, condition="if_up")

    @step
    def only_up(self):
        """Set what the branches have in common."""
        self.chosen = self.one
        self.next(self.after)

    @step
    def skip_up(self):
        """Set what the branches have in common."""
        self.chosen = self.two
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.check_up_2, self.check_a_2)

    @step
    def check_up_2(self):
        """Choose a branch."""
        self.if_up_2 = not self.up
        self.next({True: self.only_up_2, False: self.skip_up_2}, condition="if_up_2")

    @step
    def only_up_2(self):
        """Set what the branches have in common."""
        self.other = self.two
        self.next(self.after_2)

    @step
    def skip_up_2(self):
        """Set what the branches have in common."""
        self.other = self.one
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.check_a_3, self.list_n)

    @step
    def check_a_3(self):
        """Choose a branch."""
        self.if_a_3 = bool(self.chosen is not None)
        self.next({True: self.both_3, False: self.skip_a_3}, condition="if_a_3")

    @step
    def both_3(self):
        """Run `both`."""
        with empty_folder():
            self.result_3 = plain(both(self.chosen, self.other))
        self.next(self.after_3)

    @step
    def skip_a_3(self):
        """Set what the branches have in common."""
        self.result_3 = 0
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def list_n(self):
        """List what `n` goes through."""
        self.n_values = list(range(2))
        self.any_n = bool(self.n_values)
        self.next({True: self.each_n, False: self.no_n}, condition="any_n")

    @step
    def each_n(self):
        """Start a task for each `n`."""
        self.next(self.both_5, foreach="n_values")

    @step
    def both_5(self):
        """Run `both`."""
        with empty_folder():
            self.both_result_5 = plain(both(self.chosen, self.other, self.input))
        self.next(self.gather_both_result_5_by_n)

    @step
    def gather_both_result_5_by_n(self, inputs):
        """Collect the results of each `n`, in order."""
        self.both_result_5_by_n = [task.both_result_5 for task in inputs]
        self.next(self.after_4)

    @step
    def no_n(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.both_result_5_by_n = []
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["both_result_5_by_n", "result_3"])
        self.next(self.join_2)

    @step
    def check_a_2(self):
        """Choose a branch."""
        self.if_a_2 = bool(self.one is not None)
        self.next({True: self.both_2, False: self.skip_a_2}, condition="if_a_2")

    @step
    def both_2(self):
        """Run `both`."""
        with empty_folder():
            self.result_2 = plain(both(self.one, self.chosen))
        self.next(self.after_5)

    @step
    def skip_a_2(self):
        """Set what the branches have in common."""
        self.result_2 = 0
        self.next(self.after_5)

    @step
    def after_5(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["both_result_5_by_n", "result_2", "result_3"])
        self.next(self.join_3)

    @step
    def check_a(self):
        """Choose a branch."""
        self.if_a = bool(self.one is not None)
        self.next({True: self.both, False: self.skip_a}, condition="if_a")

    @step
    def both(self):
        """Run `both`."""
        with empty_folder():
            self.result = plain(both(self.one, self.one))
        self.next(self.after_6)

    @step
    def skip_a(self):
        """Set what the branches have in common."""
        self.result = 0
        self.next(self.after_6)

    @step
    def after_6(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def join_3(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["both_result_5_by_n", "result", "result_2", "result_3"])
        self.next(self.join_5)

    @step
    def pack_3(self):
        """Run `pack`."""
        with empty_folder():
            self.box = pack(7)
        self.next(self.check_a_4, self.list_n_2)

    @step
    def check_a_4(self):
        """Choose a branch."""
        self.if_a_4 = bool(self.box is not None)
        self.next({True: self.both_4, False: self.skip_a_4}, condition="if_a_4")

    @step
    def both_4(self):
        """Run `both`."""
        with empty_folder():
            self.result_4 = plain(both(self.box, self.box))
        self.next(self.after_7)

    @step
    def skip_a_4(self):
        """Set what the branches have in common."""
        self.result_4 = 0
        self.next(self.after_7)

    @step
    def after_7(self):
        """Go on from whichever branch ran."""
        self.next(self.join_4)

    @step
    def list_n_2(self):
        """List what `n_2` goes through."""
        self.n_2_values = list(range(self.x))
        self.any_n_2 = bool(self.n_2_values)
        self.next({True: self.each_n_2, False: self.no_n_2}, condition="any_n_2")

    @step
    def each_n_2(self):
        """Start a task for each `n_2`."""
        self.next(self.both_6, foreach="n_2_values")

    @step
    def both_6(self):
        """Run `both`."""
        with empty_folder():
            self.both_result_6 = plain(both(self.box, self.box, self.input))
        self.next(self.gather_both_result_6_by_n)

    @step
    def gather_both_result_6_by_n(self, inputs):
        """Collect the results of each `n_2`, in order."""
        self.both_result_6_by_n = [task.both_result_6 for task in inputs]
        self.next(self.after_8)

    @step
    def no_n_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.both_result_6_by_n = []
        self.next(self.after_8)

    @step
    def after_8(self):
        """Go on from whichever branch ran."""
        self.next(self.join_4)

    @step
    def join_4(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["both_result_6_by_n", "result_4"])
        self.next(self.join_5)

    @step
    def join_5(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs, include=["both_result_5_by_n", "both_result_6_by_n", "result", "result_2", "result_3", "result_4"]
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result_5 = [
            self.result,
            self.result_2,
            self.result_3,
            self.result_4,
            *self.both_result_5_by_n,
            *self.both_result_6_by_n,
        ]


if __name__ == "__main__":
    ArtifactSameTwiceFlow()
