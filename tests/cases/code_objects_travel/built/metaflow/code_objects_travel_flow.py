"""Objects of the project's own classes travel, with the functions they hold, to steps that mention none of them."""

from __future__ import annotations

import abc
import contextlib
import os
import tempfile
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Generic, NamedTuple, TypeVar

from metaflow import FlowSpec, Parameter, current, step

T = TypeVar("T")
Point = namedtuple("Point", "x y")
Color = Enum("Color", "RED BLUE", module=__name__)
OFFSET = 10


class Base(abc.ABC):
    class State:
        def __init__(self, n: int) -> None:
            self.n = n

    @abc.abstractmethod
    def fit(self, n: int) -> Base: ...


class Model(Base):
    def fit(self, n: int) -> Model:
        self.state = Model.State(n)
        return self

    def predict(self) -> int:
        return self.state.n * 2


class Holder(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value = value


class Pair(NamedTuple):
    a: int
    b: Point


@dataclass(frozen=True)
class Transform:
    function: object = field(compare=False, repr=False)
    name: str = "plain"


if OFFSET:

    class Conditional:
        size = 3


def shift(n: int) -> int:
    return n + OFFSET


def times(n: int, k: int) -> int:
    return n * k


double = partial(times, k=2)


def make(n: int) -> object:
    kinds = [Point(n, 2), Color.RED, Conditional(), Holder[int](n)]
    return [Model().fit(n), Pair(n, Point(1, 2)), *kinds]


def hold(n: int) -> object:
    return [Transform(shift), Transform(double, "twice")]


def look(found: object) -> list:
    model, pair, point, color, conditional, holder = found
    return [model.predict(), pair.b.y, point.x, color.name, conditional.size, holder.value]


def apply(transforms: object, n: int) -> list:
    return [transform.function(n) for transform in transforms]


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class CodeObjectsTravelFlow(FreshArtifacts, FlowSpec):
    """code_objects_travel"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.hold, self.make)

    @step
    def hold(self):
        """Run `hold`."""
        with empty_folder():
            self.transforms = storable(hold(self.n))
        self.next(self.apply)

    @step
    def apply(self):
        """Run `apply`."""
        with empty_folder():
            self.apply_result = plain(apply(self.transforms, self.n))
        self.next(self.join_apply_look)

    @step
    def make(self):
        """Run `make`."""
        with empty_folder():
            self.found = storable(make(self.n))
        self.next(self.look)

    @step
    def look(self):
        """Run `look`."""
        with empty_folder():
            self.look_result = plain(look(self.found))
        self.next(self.join_apply_look)

    @step
    def join_apply_look(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["apply_result", "look_result", "transforms"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.look_result, self.apply_result, self.transforms]


if __name__ == "__main__":
    CodeObjectsTravelFlow()
