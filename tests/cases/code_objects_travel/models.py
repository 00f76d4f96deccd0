"""Classes of several kinds, and functions inside of objects."""

from __future__ import annotations

import abc
from collections import namedtuple
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Generic, NamedTuple, TypeVar

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
