"""Equal names of different modules stay apart: as values, in texts, as classes of objects that travel, and as counters."""

import left
import right
from right import Box

from pipec import pipeline, step

COUNT = -1


@step
def make(n: int) -> object:
    return [left.Box(n), Box(n), left.Side.HERE, right.Side.HERE]


@step
def look(boxes: object) -> list:
    one, two, here, there = boxes
    kinds = [isinstance(one, left.Box), isinstance(two, right.Box), isinstance(two, left.Box)]
    return [kinds, one.value, two.shown(), str(here), repr(there), type(two).__name__]


@step
def call(n: int) -> list:
    return [left.value(n), right.value(n), right.uses(n), right.shows(n), left.first([1, 2]), right.last([1, 2])]


@step
def count(n: int) -> list:
    left.bump()
    return [left.encoded(n), right.encoded(n), left.bump(), right.bump(), COUNT, left.COUNT, right.COUNT]


@pipeline
def code_equal_names(n: int = 3) -> list:
    return [look(make(n)), call(n), count(n)]
