"""Migrated from the compiled pipeline "class-named-tuple"."""

from typing import NamedTuple

from pipec import pipeline, step


class Pair(NamedTuple):
    low: int
    high: int


@step(image="python:3.11", cache=True)
def split(n: int) -> tuple[int, int]:
    return (returned := Pair(n // 2, n - n // 2)).low, returned.high


@step(image="python:3.11", cache=True)
def show(n: int):
    print(n)


@pipeline(name="class-named-tuple")
def class_named_tuple(n: int = 3):
    """A component that is annotated with a class of its module fails where it runs."""
    low, high = split(n)
    show_done = show(low)
