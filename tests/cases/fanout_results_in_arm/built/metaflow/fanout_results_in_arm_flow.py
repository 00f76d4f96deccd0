"""Results of a loop, and of a step that gives several, which only the arms of a branch take."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def train(name: str) -> str:
    return name.upper()


def evaluate(model: str) -> int:
    return len(model)


def split(name: str) -> tuple[str, int]:
    return name, len(name)


def ship(model: str) -> str:
    return f"shipped {model}"


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


class FanoutResultsInArmFlow(FlowSpec):
    """fanout_results_in_arm"""

    n = Parameter("n", default=5)
    names = Parameter("names", type=JSONType, default='["mean", "max", "median"]')

    @step
    def start(self):
        """Start the flow."""
        self.next(self.list_name, self.split)

    @step
    def list_name(self):
        """List what `name` goes through."""
        self.name_values = list(self.names)
        self.any_name = bool(self.name_values)
        self.next({True: self.each_name, False: self.no_name}, condition="any_name")

    @step
    def each_name(self):
        """Start a task for each `name`."""
        self.next(self.train, foreach="name_values")

    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.model = plain(train(self.input))
        self.next(self.evaluate)

    @step
    def evaluate(self):
        """Run `evaluate`."""
        with empty_folder():
            self.scores_item = plain(evaluate(self.model))
        self.next(self.gather_models)

    @step
    def gather_models(self, inputs):
        """Collect the results of each `name`, in order."""
        self.models = [task.model for task in inputs]
        self.scores_items = [task.scores_item for task in inputs]
        self.next(self.after)

    @step
    def no_name(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.models = []
        self.scores_items = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.i = self.scores_items.index(max(self.scores_items))
        self.if_n = self.n > 3
        self.next({True: self.ship, False: self.skip_n}, condition="if_n")

    @step
    def ship(self):
        """Run `ship`."""
        with empty_folder():
            self.shipped = plain(ship(self.models[self.i]))
        self.next(self.after_2)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.shipped = "none"
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def split(self):
        """Run `split`."""
        with empty_folder():
            first, length = split(self.names[0])
            self.first = plain(first)
            self.length = plain(length)
        self.next(self.check_n_3)

    @step
    def check_n_3(self):
        """Choose a branch."""
        self.if_n_3 = self.n > 4
        self.next({True: self.check_n_2, False: self.skip_n_3}, condition="if_n_3")

    @step
    def check_n_2(self):
        """Choose a branch."""
        self.if_n_2 = self.n > 6
        self.next({True: self.ship_2, False: self.ship_3}, condition="if_n_2")

    @step
    def ship_2(self):
        """Run `ship`."""
        with empty_folder():
            self.shipped_first = plain(ship(self.first))
        self.next(self.after_3)

    @step
    def ship_3(self):
        """Run `ship`."""
        with empty_folder():
            self.shipped_first = plain(ship(f"{self.first} of {self.length}"))
        self.next(self.after_3)

    @step
    def skip_n_3(self):
        """Set what the branches have in common."""
        self.shipped_first = "none"
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["scores_items", "shipped", "shipped_first"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = {"shipped": self.shipped, "first": self.shipped_first, "scores": self.scores_items}


if __name__ == "__main__":
    FanoutResultsInArmFlow()
