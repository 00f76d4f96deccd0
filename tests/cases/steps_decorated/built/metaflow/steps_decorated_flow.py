"""A step may have decorators of its own below `@step`: with arguments, from a library, several at once."""

from __future__ import annotations

import contextlib
import functools
import operator
import os
import tempfile
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any

from metaflow import FlowSpec, Parameter, current, retry, step


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Say when a function begins."""

    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        print("start", function.__name__)
        return function(*args, **kwargs)

    return inner


def scaled(factor: int) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Multiply the result of a function."""

    def around(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> int:
            return operator.mul(function(*args, **kwargs), factor)

        return inner

    return around


@logged
def load(n: int) -> list[int]:
    """Numbers."""
    return list(range(n))


@logged
@scaled(
    10,
)
@functools.lru_cache
def square(n: int) -> int:
    return n * n


@scaled(factor=2)
def double(n):
    return n


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


def storable(value: Any) -> Any:
    """The result of a step, which must be no function: Metaflow would drop it without a word."""
    if isinstance(value, (FunctionType, MethodType)):
        raise TypeError(f"step {current.step_name!r} returned a function, which Metaflow does not store")
    return value


class StepsDecoratedFlow(FlowSpec):
    """steps_decorated"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @retry(times=2)
    @step
    def load(self):
        """Numbers."""
        with empty_folder():
            self.numbers = plain(load(self.n))
        self.next(self.list_number)

    @step
    def list_number(self):
        """List what `number` goes through."""
        self.any_number = bool(self.numbers)
        self.next({True: self.each_number, False: self.no_number}, condition="any_number")

    @step
    def each_number(self):
        """Start a task for each `number`."""
        self.next(self.square, foreach="numbers")

    @step
    def square(self):
        """Run `square`."""
        with empty_folder():
            self.square_result = plain(square(self.input))
        self.next(self.gather_squares)

    @step
    def gather_squares(self, inputs):
        """Collect the results of each `number`, in order."""
        self.squares = [task.square_result for task in inputs]
        self.next(self.double)

    @step
    def no_number(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.squares = []
        self.next(self.double)

    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            self.double_result = storable(double(sum(self.squares)))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `double_result`."""


if __name__ == "__main__":
    StepsDecoratedFlow()
