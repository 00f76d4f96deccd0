"""Branches beside one another, each on a step of its own; what else reads a decision, or waits for it, keeps it a task."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def is_odd(n: int) -> bool:
    return n % 2 == 1


def is_large(n: int) -> bool:
    return n > 5


def is_small(n: int) -> bool:
    return n < 3


def count(n: int) -> int:
    return n % 3


def note(text: str) -> None:
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


class BranchOnStepsBesideFlow(FlowSpec):
    """branch_on_steps_beside"""

    n = Parameter("n", default=7)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.is_odd, self.is_large, self.is_small, self.count, self.is_odd_2)

    @step
    def is_odd(self):
        """Run `is_odd`."""
        with empty_folder():
            self.odd = plain(is_odd(self.n))
        self.if_odd = bool(self.odd)
        self.next({True: self.note, False: self.skip_odd}, condition="if_odd")

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note("odd")
        self.next(self.after)

    @step
    def skip_odd(self):
        """There is nothing to do in this branch."""
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def is_large(self):
        """Run `is_large`."""
        with empty_folder():
            self.large = plain(is_large(self.n))
        self.if_large = bool(self.large)
        self.next({True: self.note_2, False: self.skip_large}, condition="if_large")

    @step
    def note_2(self):
        """Run `note`."""
        with empty_folder():
            note("large")
        self.next(self.note_3)

    @step
    def note_3(self):
        """Run `note`."""
        with empty_folder():
            note("very")
        self.next(self.after_2)

    @step
    def skip_large(self):
        """There is nothing to do in this branch."""
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def is_small(self):
        """Run `is_small`."""
        with empty_folder():
            self.small = plain(is_small(self.n))
        self.next(self.check_small, self.note_5)

    @step
    def check_small(self):
        """Choose a branch."""
        self.if_small = bool(self.small)
        self.next({True: self.note_4, False: self.skip_small}, condition="if_small")

    @step
    def note_4(self):
        """Run `note`."""
        with empty_folder():
            note("small")
        self.next(self.after_3)

    @step
    def skip_small(self):
        """There is nothing to do in this branch."""
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def note_5(self):
        """Run `note`."""
        with empty_folder():
            note(f"small: {self.small}")
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.next(self.join_3)

    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.left = plain(count(self.n))
        self.if_left = bool(self.left)
        self.next({True: self.note_6, False: self.skip_left}, condition="if_left")

    @step
    def note_6(self):
        """Run `note`."""
        with empty_folder():
            note(f"{self.left} are left")
        self.next(self.after_4)

    @step
    def skip_left(self):
        """There is nothing to do in this branch."""
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def is_odd_2(self):
        """Run `is_odd`."""
        with empty_folder():
            self.done = plain(is_odd(self.n + 1))
        self.next(self.note_7, self.check_done)

    @step
    def note_7(self):
        """Run `note`."""
        with empty_folder():
            note("after it")
        self.next(self.join_2)

    @step
    def check_done(self):
        """Choose a branch."""
        self.if_done = bool(self.done)
        self.next({True: self.note_8, False: self.skip_done}, condition="if_done")

    @step
    def note_8(self):
        """Run `note`."""
        with empty_folder():
            note("even")
        self.next(self.after_5)

    @step
    def skip_done(self):
        """There is nothing to do in this branch."""
        self.next(self.after_5)

    @step
    def after_5(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.next(self.join_3)

    @step
    def join_3(self, inputs):
        """Wait for the parallel branches."""
        self.next(self.end)

    @step
    def end(self):
        """Finish the flow."""


if __name__ == "__main__":
    BranchOnStepsBesideFlow()
