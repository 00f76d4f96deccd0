"""Several fan-outs over one value, and branches on it: in a loop, in an arm that is not taken, in a group, and below them."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


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


class FanoutOverSameFlow(FlowSpec):
    """fanout_over_same"""

    n = Parameter("n", default=2)
    xs = Parameter("xs", type=JSONType, default="[1, 4]")
    flag = Parameter("flag", default=False)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.list_i, self.check_n, self.list_x_4)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.i_values = list(range(self.n))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.list_x, foreach="i_values")

    @step
    def list_x(self):
        """List what `x` goes through."""
        self.i = self.input
        self.x_values = list(self.xs)
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.add, foreach="x_values")

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.add_result = plain(add(self.input, self.i))
        self.next(self.gather_add_results)

    @step
    def gather_add_results(self, inputs):
        """Collect the results of each `x`, in order."""
        self.add_results = [task.add_result for task in inputs]
        self.next(self.after)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.add_results = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_add_results_by_i)

    @step
    def gather_add_results_by_i(self, inputs):
        """Collect the results of each `i`, in order."""
        self.add_results_by_i = [task.add_results for task in inputs]
        self.next(self.after_2)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.add_results_by_i = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 5
        self.next({True: self.list_x_2, False: self.list_x_3}, condition="if_n")

    @step
    def list_x_2(self):
        """List what `x_2` goes through."""
        self.x_2_values = list(self.xs)
        self.any_x_2 = bool(self.x_2_values)
        self.next({True: self.each_x_2, False: self.no_x_2}, condition="any_x_2")

    @step
    def each_x_2(self):
        """Start a task for each `x_2`."""
        self.next(self.add_2, foreach="x_2_values")

    @step
    def add_2(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_2 = plain(add(self.input, 5))
        self.next(self.gather_chosen)

    @step
    def gather_chosen(self, inputs):
        """Collect the results of each `x_2`, in order."""
        self.chosen = [task.add_result_2 for task in inputs]
        self.next(self.after_3)

    @step
    def no_x_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.chosen = []
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.if_flag = bool(self.flag)
        self.next({True: self.only_flag, False: self.skip_flag}, condition="if_flag")

    @step
    def only_flag(self):
        """Set what the branches have in common."""
        self.chosen_4 = [0]
        self.next(self.after_4)

    @step
    def skip_flag(self):
        """Set what the branches have in common."""
        self.chosen_4 = self.chosen
        self.next(self.after_4)

    @step
    def list_x_3(self):
        """List what `x_3` goes through."""
        self.x_3_values = list(self.xs)
        self.any_x_3 = bool(self.x_3_values)
        self.next({True: self.each_x_3, False: self.no_x_3}, condition="any_x_3")

    @step
    def each_x_3(self):
        """Start a task for each `x_3`."""
        self.next(self.add_3, foreach="x_3_values")

    @step
    def add_3(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_3 = plain(add(self.input, 7))
        self.next(self.gather_add_result_3_by_x)

    @step
    def gather_add_result_3_by_x(self, inputs):
        """Collect the results of each `x_3`, in order."""
        self.chosen_4 = [task.add_result_3 for task in inputs]
        self.next(self.after_4)

    @step
    def no_x_3(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.chosen_4 = []
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.if_flag_2 = bool(self.flag)
        self.next({True: self.add_4, False: self.skip_flag_2}, condition="if_flag_2")

    @step
    def add_4(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_4 = plain(add(self.n, self.n))
        self.chosen_6 = [self.add_result_4]
        self.next(self.after_5)

    @step
    def skip_flag_2(self):
        """Set what the branches have in common."""
        self.chosen_6 = self.chosen_4
        self.next(self.after_5)

    @step
    def after_5(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def list_x_4(self):
        """List what `x_4` goes through."""
        self.x_4_values = list(self.xs)
        self.any_x_4 = bool(self.x_4_values)
        self.next({True: self.each_x_4, False: self.no_x_4}, condition="any_x_4")

    @step
    def each_x_4(self):
        """Start a task for each `x_4`."""
        self.next(self.add_5, foreach="x_4_values")

    @step
    def add_5(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_5 = plain(add(self.input, 9))
        self.next(self.gather_add_result_5_by_x)

    @step
    def gather_add_result_5_by_x(self, inputs):
        """Collect the results of each `x_4`, in order."""
        self.add_result_5_by_x = [task.add_result_5 for task in inputs]
        self.next(self.after_6)

    @step
    def no_x_4(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.add_result_5_by_x = []
        self.next(self.after_6)

    @step
    def after_6(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["add_result_5_by_x", "add_results_by_i", "chosen_6"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.rows = [len(add_results) for add_results in self.add_results_by_i]
        self.result = [self.rows, self.chosen_6, self.add_result_5_by_x]


if __name__ == "__main__":
    FanoutOverSameFlow()
