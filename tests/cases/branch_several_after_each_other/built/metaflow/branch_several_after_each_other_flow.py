"""Branches one after another, the later ones over names that the earlier ones merged."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


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


class BranchSeveralAfterEachOtherFlow(FlowSpec):
    """branch_several_after_each_other"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.add)

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.x = plain(add(self.n, 0))
        self.if_x = self.x > 2
        self.next({True: self.add_2, False: self.add_3}, condition="if_x")

    @step
    def add_2(self):
        """Run `add`."""
        with empty_folder():
            self.x_4 = plain(add(self.x, 100))
        self.next(self.add_4)

    @step
    def add_3(self):
        """Run `add`."""
        with empty_folder():
            self.x_4 = plain(add(self.x, 200))
        self.next(self.add_4)

    @step
    def add_4(self):
        """Run `add`."""
        with empty_folder():
            self.y = plain(add(self.x_4, 1))
        self.if_x_2 = self.x_4 > 150
        self.next({True: self.add_5, False: self.skip_x_2}, condition="if_x_2")

    @step
    def add_5(self):
        """Run `add`."""
        with empty_folder():
            self.y_3 = plain(add(self.y, 1000))
        self.next(self.after)

    @step
    def skip_x_2(self):
        """Set what the branches have in common."""
        self.y_3 = self.y
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.if_y = self.y_3 > 1000
        self.next({True: self.add_6, False: self.skip_y}, condition="if_y")

    @step
    def add_6(self):
        """Run `add`."""
        with empty_folder():
            self.y_5 = plain(add(self.y_3, 5000))
        self.x_5 = self.x_4
        self.next(self.add_7)

    @step
    def skip_y(self):
        """Set what the branches have in common."""
        self.x_5 = 0
        self.y_5 = self.y_3
        self.next(self.add_7)

    @step
    def add_7(self):
        """Run `add`."""
        with empty_folder():
            self.add_result = plain(add(self.x_5, self.y_5))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `add_result`."""


if __name__ == "__main__":
    BranchSeveralAfterEachOtherFlow()
