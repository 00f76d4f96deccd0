from typing import NamedTuple

from kfp import dsl


class Pair(NamedTuple):
    low: int
    high: int


@dsl.component
def split(n: int) -> Pair:
    return Pair(n // 2, n - n // 2)


@dsl.component
def show(n: int):
    print(n)


@dsl.pipeline(name="class-named-tuple")
def class_named_tuple(n: int = 3):
    """A component that is annotated with a class of its module fails where it runs."""
    show(n=split(n=n).outputs["low"])
