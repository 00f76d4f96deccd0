"""An `if` inside an `if`, in both arms, with names that come out through both levels."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def read(n: int) -> int:
    return n


def tag(name: str, n: int) -> str:
    return f"{name}:{n}"


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


class BranchNestedFlow(FlowSpec):
    """branch_nested"""

    n = Parameter("n", default=5)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.value = plain(read(self.n))
        self.next(self.check_value_2)

    @step
    def check_value_2(self):
        """Choose a branch."""
        self.if_value_2 = bool(self.value % 2)
        self.next({True: self.check_value, False: self.read_2}, condition="if_value_2")

    @step
    def check_value(self):
        """Choose a branch."""
        self.if_value = self.value > 10
        self.next({True: self.tag, False: self.tag_2}, condition="if_value")

    @step
    def tag(self):
        """Run `tag`."""
        with empty_folder():
            self.label = plain(tag("large odd", self.value))
        self.next(self.end)

    @step
    def tag_2(self):
        """Run `tag`."""
        with empty_folder():
            self.label = plain(tag("small odd", self.value))
        self.next(self.end)

    @step
    def read_2(self):
        """Run `read`."""
        with empty_folder():
            self.half = plain(read(self.value // 2))
        self.next(self.check_half)

    @step
    def check_half(self):
        """Choose a branch."""
        self.if_half = bool(self.half % 2)
        self.next({True: self.tag_3, False: self.skip_half}, condition="if_half")

    @step
    def tag_3(self):
        """Run `tag`."""
        with empty_folder():
            self.label = plain(tag("even, odd half", self.half))
        self.next(self.end)

    @step
    def skip_half(self):
        """Set what the branches have in common."""
        self.label = "even, even half"
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `label`."""


if __name__ == "__main__":
    BranchNestedFlow()
