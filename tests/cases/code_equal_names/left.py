"""One of two modules with the same names."""

from enum import Enum
from typing import TypeVar

try:
    import a_module_that_is_not_there as encoder
except ImportError:
    import json as encoder

T = TypeVar("T")
COUNT = 0


class Side(Enum):
    HERE = "left"


class Box:
    def __init__(self, value):
        self.value = value


def bump():
    global COUNT
    COUNT += 1
    return COUNT


def value(n):
    return n


def first(items: list[T]) -> T:
    return items[0]


def encoded(n):
    return encoder.dumps([n])
