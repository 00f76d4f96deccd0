"""The other one; its names are also names of locals, arguments and attributes."""

from enum import Enum
from typing import TypeVar

try:
    from json import JSONEncoder as encoder
except ImportError:
    encoder = None

T = TypeVar("T")
COUNT = 100


class Side(Enum):
    HERE = "right"


class Box:
    def __init__(self, value):
        self.value = value

    def shown(self):
        return [self.value, value(self.value)]


def bump():
    global COUNT
    COUNT += 1
    return COUNT


def value(n):
    return -n


def last(items: list[T]) -> T:
    return items[-1]


def uses(n, value=value):
    def inner(value=value):
        return value(n)

    return [inner(), dict(value=value(n)), [value(i) for i in range(2)]]


def shows(n):
    return f"{value(n)=} {value(n)=!s:>5} {value.__name__}"


def encoded(n):
    return encoder(separators=(";", "=")).encode([n, n])
