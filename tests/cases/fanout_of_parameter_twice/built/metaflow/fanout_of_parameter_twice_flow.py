"""Loops over the same parameter in both arms of a branch, in a loop, and beside them."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def double(x: int) -> int:
    return 2 * x


def total(xs: list) -> int:
    return sum(xs)


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


class FanoutOfParameterTwiceFlow(FlowSpec):
    """fanout_of_parameter_twice"""

    xs = Parameter("xs", type=JSONType, default="[1, 2]")
    up = Parameter("up", default=False)
    rows = Parameter("rows", type=JSONType, default="[5]")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.check_up, self.list_row, self.list_x_4)

    @step
    def check_up(self):
        """Choose a branch."""
        self.if_up = bool(self.up)
        self.next({True: self.list_x, False: self.list_x_2}, condition="if_up")

    @step
    def list_x(self):
        """List what `x` goes through."""
        self.x_values = list(self.xs)
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.double, foreach="x_values")

    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            self.double_result = plain(double(self.input))
        self.next(self.gather_xs_2)

    @step
    def gather_xs_2(self, inputs):
        """Collect the results of each `x`, in order."""
        self.xs_2 = [task.double_result for task in inputs]
        self.next(self.total)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.xs_2 = []
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.result = plain(total(self.xs_2))
        self.next(self.after_total_total_2)

    @step
    def list_x_2(self):
        """List what `x_2` goes through."""
        self.x_2_values = list(self.xs)
        self.any_x_2 = bool(self.x_2_values)
        self.next({True: self.each_x_2, False: self.no_x_2}, condition="any_x_2")

    @step
    def each_x_2(self):
        """Start a task for each `x_2`."""
        self.next(self.double_2, foreach="x_2_values")

    @step
    def double_2(self):
        """Run `double`."""
        with empty_folder():
            self.double_result_2 = plain(double(-self.input))
        self.next(self.gather_xs_3)

    @step
    def gather_xs_3(self, inputs):
        """Collect the results of each `x_2`, in order."""
        self.xs_3 = [task.double_result_2 for task in inputs]
        self.next(self.total_2)

    @step
    def no_x_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.xs_3 = []
        self.next(self.total_2)

    @step
    def total_2(self):
        """Run `total`."""
        with empty_folder():
            self.result = plain(total(self.xs_3))
        self.next(self.after_total_total_2)

    @step
    def after_total_total_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def list_row(self):
        """List what `row` goes through."""
        self.row_values = list(self.rows)
        self.any_row = bool(self.row_values)
        self.next({True: self.each_row, False: self.no_row}, condition="any_row")

    @step
    def each_row(self):
        """Start a task for each `row`."""
        self.next(self.list_x_3, foreach="row_values")

    @step
    def list_x_3(self):
        """List what `x_3` goes through."""
        self.row = self.input
        self.x_3_values = list(self.xs)
        self.any_x_3 = bool(self.x_3_values)
        self.next({True: self.each_x_3, False: self.no_x_3}, condition="any_x_3")

    @step
    def each_x_3(self):
        """Start a task for each `x_3`."""
        self.next(self.double_3, foreach="x_3_values")

    @step
    def double_3(self):
        """Run `double`."""
        with empty_folder():
            self.double_result_3 = plain(double(self.input + self.row))
        self.next(self.gather_xs_4)

    @step
    def gather_xs_4(self, inputs):
        """Collect the results of each `x_3`, in order."""
        self.xs_4 = [task.double_result_3 for task in inputs]
        self.next(self.total_3)

    @step
    def no_x_3(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.xs_4 = []
        self.next(self.total_3)

    @step
    def total_3(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.xs_4))
        self.next(self.gather_sums)

    @step
    def gather_sums(self, inputs):
        """Collect the results of each `row`, in order."""
        self.sums = [task.total_result for task in inputs]
        self.next(self.after)

    @step
    def no_row(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.sums = []
        self.next(self.after)

    @step
    def after(self):
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
        self.next(self.double_4, foreach="x_4_values")

    @step
    def double_4(self):
        """Run `double`."""
        with empty_folder():
            self.double_result_4 = plain(double(self.input))
        self.next(self.gather_double_result_4_by_x)

    @step
    def gather_double_result_4_by_x(self, inputs):
        """Collect the results of each `x_4`, in order."""
        self.double_result_4_by_x = [task.double_result_4 for task in inputs]
        self.next(self.after_2)

    @step
    def no_x_4(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.double_result_4_by_x = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["double_result_4_by_x", "result", "sums"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result_4 = [self.result, *self.sums, *self.double_result_4_by_x]


if __name__ == "__main__":
    FanoutOfParameterTwiceFlow()
