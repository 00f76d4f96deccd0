"""Names longer than an orchestrator takes, and names that begin with a digit once they are spelt as it wants them."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(
    x: int,
) -> int:
    return x + 1


def _2fold(x: int) -> int:
    return 2 * x


def step_3fold(x: int) -> int:
    return 3 * x


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


class NamesLongFlow(FlowSpec):
    """names_long"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.list_x, self.x2fold, self.list_x_2)

    @step
    def list_x(self):
        """List what `x` goes through."""
        self.x_values = list(range(self.n))
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well, foreach="x_values")  # fmt: skip

    @step
    def a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(self):
        """Run `a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well`."""
        with empty_folder():
            self.a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well_result = plain(a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(self.input))  # fmt: skip
        self.next(self.gather_values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from)  # fmt: skip

    @step
    def gather_values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from(self, inputs):
        """Collect the results of each `x`, in order."""
        self.values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from = [task.a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well_result for task in inputs]  # fmt: skip
        self.next(self.after)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from = []  # fmt: skip
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def x2fold(self):
        """Run `_2fold`."""
        with empty_folder():
            self.x4 = plain(_2fold(self.n))
        self.if__4 = self.x4 > 3
        self.next({True: self.x3fold, False: self.a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well_2}, condition="if__4")  # fmt: skip

    @step
    def x3fold(self):
        """Run `__3fold`."""
        with empty_folder():
            self.x5 = plain(step_3fold(self.n))
        self.next(self.after_2)

    @step
    def a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well_2(self):
        """Run `a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well`."""
        with empty_folder():
            self.x5 = plain(a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(self.x4))  # fmt: skip
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def list_x_2(self):
        """List what `x_2` goes through."""
        self.x_2_values = list(range(self.n))
        self.any_x_2 = bool(self.x_2_values)
        self.next({True: self.each_x_2, False: self.no_x_2}, condition="any_x_2")

    @step
    def each_x_2(self):
        """Start a task for each `x_2`."""
        self.next(self.list_y, foreach="x_2_values")

    @step
    def list_y(self):
        """List what `y` goes through."""
        self.y_values = list(range(self.input))
        self.any_y = bool(self.y_values)
        self.next({True: self.each_y, False: self.no_y}, condition="any_y")

    @step
    def each_y(self):
        """Start a task for each `y`."""
        self.next(self.x2fold_2, foreach="y_values")

    @step
    def x2fold_2(self):
        """Run `_2fold`."""
        with empty_folder():
            self.x2fold_result = plain(_2fold(self.input))
        self.next(self.gather_x2fold_results)

    @step
    def gather_x2fold_results(self, inputs):
        """Collect the results of each `y`, in order."""
        self.x2fold_results = [task.x2fold_result for task in inputs]
        self.next(self.after_3)

    @step
    def no_y(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.x2fold_results = []
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_x2fold_results_by_x)

    @step
    def gather_x2fold_results_by_x(self, inputs):
        """Collect the results of each `x_2`, in order."""
        self.x2fold_results_by_x = [task.x2fold_results for task in inputs]
        self.next(self.after_4)

    @step
    def no_x_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.x2fold_results_by_x = []
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from", "x2fold_results_by_x", "x5"])  # fmt: skip
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from, self.x2fold_results_by_x, self.x5]  # fmt: skip


if __name__ == "__main__":
    NamesLongFlow()
