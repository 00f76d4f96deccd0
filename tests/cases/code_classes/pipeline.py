"""Classes with bases, dataclasses, enums and recursion, also as arguments and results."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from pipec import pipeline, step


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


@step
def make(n: int) -> Shape:
    return Square("sq", Kind.LARGE, [fibonacci(n)])


@step
def describe(shape: Shape) -> str:
    return f"{shape.name} {shape.kind.value} {shape.area()} {isinstance(shape, Square)}"


@pipeline
def code_classes(n: int = 7) -> str:
    return describe(make(n))
