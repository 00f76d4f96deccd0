"""Equal names of different modules stay apart: as values, in texts, as classes of objects that travel, and as counters."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from enum import Enum
from types import FunctionType, MethodType
from typing import Any, TypeVar

from metaflow import FlowSpec, Parameter, current, step

try:
    import a_module_that_is_not_there as encoder
except ImportError:
    import json as encoder

T = TypeVar("T")
left_COUNT = 0


class Side(Enum):
    HERE = "left"


class Box:
    def __init__(self, value):
        self.value = value


def bump():
    global left_COUNT
    left_COUNT += 1
    return left_COUNT


def value(n):
    return n


def first(items: list[T]) -> T:
    return items[0]


def encoded(n):
    return encoder.dumps([n])


try:
    from json import JSONEncoder as right_encoder
except ImportError:
    right_encoder = None

right_T = TypeVar("T")
right_COUNT = 100


class right_Side(Enum):
    HERE = "right"


right_Side.__name__ = "Side"


class right_Box:
    def __init__(self, value):
        self.value = value

    def shown(self):
        return [self.value, right_value(self.value)]


right_Box.__name__ = "Box"


def right_bump():
    global right_COUNT
    right_COUNT += 1
    return right_COUNT


right_bump.__name__ = "bump"


def right_value(n):
    return -n


right_value.__name__ = "value"


def last(items: list[right_T]) -> right_T:
    return items[-1]


def uses(n, value=right_value):
    def inner(value=value):
        return value(n)

    return [inner(), dict(value=value(n)), [value(i) for i in range(2)]]


def shows(n):
    return f"value(n)={right_value(n)!r} value(n)={right_value(n)!s:>5} {right_value.__name__}"


def right_encoded(n):
    return right_encoder(separators=(";", "=")).encode([n, n])


right_encoded.__name__ = "encoded"


COUNT = -1


def make(n: int) -> object:
    return [Box(n), right_Box(n), Side.HERE, right_Side.HERE]


def look(boxes: object) -> list:
    one, two, here, there = boxes
    kinds = [isinstance(one, Box), isinstance(two, right_Box), isinstance(two, Box)]
    return [kinds, one.value, two.shown(), str(here), repr(there), type(two).__name__]


def call(n: int) -> list:
    return [value(n), right_value(n), uses(n), shows(n), first([1, 2]), last([1, 2])]


def count(n: int) -> list:
    bump()
    return [encoded(n), right_encoded(n), bump(), right_bump(), COUNT, left_COUNT, right_COUNT]


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


class CodeEqualNamesFlow(FlowSpec):
    """code_equal_names"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.make, self.call, self.count)

    @step
    def make(self):
        """Run `make`."""
        with empty_folder():
            self.boxes = storable(make(self.n))
        self.next(self.look)

    @step
    def look(self):
        """Run `look`."""
        with empty_folder():
            self.look_result = plain(look(self.boxes))
        self.next(self.join_look_call_count)

    @step
    def call(self):
        """Run `call`."""
        with empty_folder():
            self.call_result = plain(call(self.n))
        self.next(self.join_look_call_count)

    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.count_result = plain(count(self.n))
        self.next(self.join_look_call_count)

    @step
    def join_look_call_count(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["call_result", "count_result", "look_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.look_result, self.call_result, self.count_result]


if __name__ == "__main__":
    CodeEqualNamesFlow()
