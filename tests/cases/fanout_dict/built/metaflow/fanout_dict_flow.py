"""Dict comprehensions, and `out[k] = ...` in a loop: keys keep Python's order and types."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def features() -> dict[str, list[float]]:
    return {"width": [1.0, 3.0], "height": [2.0, 2.0]}


def spread(values: list[float]) -> float:
    return max(values) - min(values)


def square(n: int) -> int:
    return n * n


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


class FanoutDictFlow(FlowSpec):
    """fanout_dict"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.features, self.each_n)

    @step
    def features(self):
        """Run `features`."""
        with empty_folder():
            self.features_result = plain(features())
        self.next(self.compute_items)

    @step
    def compute_items(self):
        """Compute `items`."""
        self.items = list(self.features_result.items())
        self.values_values = list(self.items)
        self.any_values = bool(self.values_values)
        self.next({True: self.each_values, False: self.no_values}, condition="any_values")

    @step
    def each_values(self):
        """Start a task for each `values`."""
        self.next(self.spread, foreach="values_values")

    @step
    def spread(self):
        """Run `spread`."""
        values = self.input[1]
        with empty_folder():
            self.spread_result = plain(spread(values))
        self.next(self.gather_spread_results)

    @step
    def gather_spread_results(self, inputs):
        """Collect the results of each `values`, in order."""
        self.merge_artifacts(inputs, include=["items"])
        self.spread_results = [task.spread_result for task in inputs]
        self.next(self.after)

    @step
    def no_values(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.spread_results = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.by_name = {name: spread_result for (name, values), spread_result in zip(self.items, self.spread_results)}
        self.items_2 = list(self.by_name.items())
        self.value_values = list(self.items_2)
        self.any_value = bool(self.value_values)
        self.next({True: self.each_value, False: self.no_value}, condition="any_value")

    @step
    def each_value(self):
        """Start a task for each `value`."""
        self.next(self.square_2, foreach="value_values")

    @step
    def square_2(self):
        """Run `square`."""
        value = self.input[1]
        with empty_folder():
            self.looped_value = plain(square(int(value)))
        self.next(self.gather_looped_values)

    @step
    def gather_looped_values(self, inputs):
        """Collect the results of each `value`, in order."""
        self.merge_artifacts(inputs, include=["by_name", "items_2"])
        self.looped_values = [task.looped_value for task in inputs]
        self.next(self.after_2)

    @step
    def no_value(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.looped_values = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def each_n(self):
        """Start a task for each `n`."""
        self.n_values = [3, 1, 2]
        self.next(self.square, foreach="n_values")

    @step
    def square(self):
        """Run `square`."""
        with empty_folder():
            self.square_result = plain(square(self.input))
        self.next(self.gather_square_results)

    @step
    def gather_square_results(self, inputs):
        """Collect the results of each `n`, in order."""
        self.square_results = [task.square_result for task in inputs]
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["by_name", "items_2", "looped_values", "square_results"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.squares = {n: square_result for n, square_result in zip([3, 1, 2], self.square_results)}
        self.looped = {name: looped_value for (name, value), looped_value in zip(self.items_2, self.looped_values)}
        self.result = [self.by_name, self.squares, self.looped, self.by_name["width"], list(self.squares.keys())]


if __name__ == "__main__":
    FanoutDictFlow()
