"""`with parallel(after=...)` in loops: what it names may be of the same iteration, or from outside."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def note(folder: str, name: str) -> str:
    Path(folder, name).write_text("", encoding="utf-8")
    return name


def late(folder: str, name: str, wanted: list[str]) -> str:
    missing = [one for one in wanted if not Path(folder, one).exists()]
    if missing:
        raise RuntimeError(f"{name} has come before {missing}")
    return name


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


class OrderAfterInLoopFlow(FlowSpec):
    """order_after_in_loop"""

    folder = Parameter("folder", type=str, required=True)
    names = Parameter("names", type=JSONType, default='["a", "b"]')

    @step
    def start(self):
        """Start the flow."""
        self.next(self.note, self.list_i)

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(self.folder, "before")
        self.next(self.list_name)

    @step
    def list_name(self):
        """List what `name` goes through."""
        self.name_values = list(self.names)
        self.any_name = bool(self.name_values)
        self.next({True: self.each_name, False: self.no_name}, condition="any_name")

    @step
    def each_name(self):
        """Start a task for each `name`."""
        self.next(self.note_2, foreach="name_values")

    @step
    def note_2(self):
        """Run `note`."""
        self.name_2 = self.input
        with empty_folder():
            note(self.folder, f"first-{self.name_2}")
        self.next(self.late)

    @step
    def late(self):
        """Run `late`."""
        with empty_folder():
            self.last = plain(late(self.folder, f"last-{self.name_2}", ["before", f"first-{self.name_2}"]))
        self.next(self.gather_lasts)

    @step
    def gather_lasts(self, inputs):
        """Collect the results of each `name`, in order."""
        self.lasts = [task.last for task in inputs]
        self.next(self.after)

    @step
    def no_name(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.lasts = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.i_values = list(range(2))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.note_3, foreach="i_values")

    @step
    def note_3(self):
        """Run `note`."""
        self.i = self.input
        with empty_folder():
            note(self.folder, f"start-{self.i}")
        self.next(self.late_2)

    @step
    def late_2(self):
        """Run `late`."""
        with empty_folder():
            late(self.folder, f"end-{self.i}", [f"start-{self.i}"])
        self.next(self.join_i)

    @step
    def join_i(self, inputs):
        """Wait for all items."""
        self.next(self.after_2)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["lasts"])
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `lasts`."""


if __name__ == "__main__":
    OrderAfterInLoopFlow()
