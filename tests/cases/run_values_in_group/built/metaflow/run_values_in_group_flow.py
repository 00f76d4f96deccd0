"""`run` in a sub-pipeline that is called for each item, behind an effect."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timezone
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def label(n: int, run_id: str, day: str) -> str:
    return f"{n} {len(run_id) > 0} {len(day)}"


def note(n: int) -> None:
    return None


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


class RunValuesInGroupFlow(FlowSpec):
    """run_values_in_group"""

    xs = Parameter("xs", type=JSONType, default="[1, 2]")

    @step
    def start(self):
        """Start the flow."""
        self.run_date = datetime.now(timezone.utc).strftime("%Y-%m-%d")
        self.x_values = list(self.xs)
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.note, foreach="x_values")

    @step
    def note(self):
        """Run `note`."""
        self.x = self.input
        with empty_folder():
            note(deepcopy(self.x))
        self.next(self.check_x)

    @step
    def check_x(self):
        """Choose a branch."""
        self.if_x = self.x > 0
        self.next({True: self.label, False: self.skip_x}, condition="if_x")

    @step
    def label(self):
        """Run `label`."""
        with empty_folder():
            self.label_result = plain(label(self.x, current.run_id, self.run_date))
        self.found_items = [self.label_result]
        self.next(self.after)

    @step
    def skip_x(self):
        """Set what the branches have in common."""
        self.found_items = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_found_items_by_x)

    @step
    def gather_found_items_by_x(self, inputs):
        """Collect the results of each `x`, in order."""
        self.found_items_by_x = [task.found_items for task in inputs]
        self.next(self.end)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.found_items_by_x = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `found`."""
        self.found = [item for items in self.found_items_by_x for item in items]


if __name__ == "__main__":
    RunValuesInGroupFlow()
