"""A name that is merged three times over is read after each merge."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def plus(a: int, b: int) -> int:
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


class BranchMergeThriceFlow(FlowSpec):
    """branch_merge_thrice"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.if_n_3 = self.n > 1
        self.next({True: self.check_n_2, False: self.plus_6}, condition="if_n_3")

    @step
    def check_n_2(self):
        """Choose a branch."""
        self.if_n_2 = self.n > 2
        self.next({True: self.check_n, False: self.plus_4}, condition="if_n_2")

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 3
        self.next({True: self.plus, False: self.plus_2}, condition="if_n")

    @step
    def plus(self):
        """Run `plus`."""
        with empty_folder():
            self.found = plain(plus(self.n, 100))
        self.next(self.plus_3)

    @step
    def plus_2(self):
        """Run `plus`."""
        with empty_folder():
            self.found = plain(plus(self.n, 200))
        self.next(self.plus_3)

    @step
    def plus_3(self):
        """Run `plus`."""
        with empty_folder():
            self.seen = plain(plus(self.found, 1))
        self.next(self.plus_5)

    @step
    def plus_4(self):
        """Run `plus`."""
        with empty_folder():
            self.found = plain(plus(self.n, 300))
        self.seen = 0
        self.next(self.plus_5)

    @step
    def plus_5(self):
        """Run `plus`."""
        with empty_folder():
            self.seen_4 = plain(plus(self.found, self.seen))
        self.next(self.plus_7)

    @step
    def plus_6(self):
        """Run `plus`."""
        with empty_folder():
            self.found = plain(plus(self.n, 400))
        self.seen_4 = 0
        self.next(self.plus_7)

    @step
    def plus_7(self):
        """Run `plus`."""
        with empty_folder():
            self.plus_result = plain(plus(self.found, 1000))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = (self.plus_result, self.seen_4)


if __name__ == "__main__":
    BranchMergeThriceFlow()
