"""A pipeline called inside a pipeline is a group; its parameters have defaults, and it may be called several times."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def add(a: int, b: int) -> int:
    return a + b


def multiply(a: int, b: int) -> int:
    return a * b


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


class GroupSimpleFlow(FlowSpec):
    """group_simple"""

    x = Parameter("x", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.multiply, self.add_2)

    @step
    def multiply(self):
        """Run `multiply`."""
        with empty_folder():
            self.square = plain(multiply(self.x, self.x))
        self.next(self.multiply_2)

    @step
    def multiply_2(self):
        """Run `multiply`."""
        with empty_folder():
            self.a = plain(multiply(self.square, 2))
        self.next(self.add)

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.add_result = plain(add(self.a, self.x))
        self.next(self.add_4)

    @step
    def add_2(self):
        """Run `add`."""
        with empty_folder():
            self.x_3 = plain(add(self.x, 1))
        self.next(self.multiply_3)

    @step
    def multiply_3(self):
        """Run `multiply`."""
        with empty_folder():
            self.square_2 = plain(multiply(self.x_3, self.x_3))
        self.next(self.multiply_4)

    @step
    def multiply_4(self):
        """Run `multiply`."""
        with empty_folder():
            self.a_2 = plain(multiply(self.square_2, 10))
        self.next(self.add_3)

    @step
    def add_3(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_2 = plain(add(self.a_2, self.x_3))
        self.next(self.add_4)

    @step
    def add_4(self, inputs):
        """Run `add`."""
        self.merge_artifacts(inputs, include=["add_result", "add_result_2"])
        with empty_folder():
            self.add_result_3 = plain(add(self.add_result, self.add_result_2))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.add_result, self.add_result_2, self.add_result_3]


if __name__ == "__main__":
    GroupSimpleFlow()
