"""Classes with bases, dataclasses, enums and recursion, also as arguments and results."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


class Kind(Enum):
    SMALL = "s"
    LARGE = "l"


@dataclass(frozen=True)
class Shape:
    name: str
    kind: Kind = Kind.SMALL
    sides: list[int] = field(default_factory=list)

    def area(self) -> int:
        return 0


class Square(Shape):
    def area(self) -> int:
        return self.sides[0] ** 2


@lru_cache(maxsize=None)
def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def make(n: int) -> Shape:
    return Square("sq", Kind.LARGE, [fibonacci(n)])


def describe(shape: Shape) -> str:
    return f"{shape.name} {shape.kind.value} {shape.area()} {isinstance(shape, Square)}"


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


class CodeClassesFlow(FlowSpec):
    """code_classes"""

    n = Parameter("n", default=7)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.make)

    @step
    def make(self):
        """Run `make`."""
        with empty_folder():
            self.shape = make(self.n)
        self.next(self.describe)

    @step
    def describe(self):
        """Run `describe`."""
        with empty_folder():
            self.describe_result = plain(describe(self.shape))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `describe_result`."""


if __name__ == "__main__":
    CodeClassesFlow()
