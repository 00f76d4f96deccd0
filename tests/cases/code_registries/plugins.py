"""Importing this module fills the registry."""

import registry
from registry import KNOWN, Counted, Field, Plugin, describe, register

FACTOR = 10


@register("double")
def double(n):
    return 2 * n


@register("scale")
def scale(n):
    return n * FACTOR


@register("unrelated")
def unrelated(n):
    return n


KNOWN["minus"] = lambda n: -n
registry.KNOWN["zero"] = int
del KNOWN["unrelated"]
registry.add("plugins")


@describe.register(int)
def describe_int(value):
    return f"the number {value}"


class Small(Plugin):
    size = 1


class Large(Plugin):
    size = 100


class First(metaclass=Counted):
    pass


class Second(First):
    pass


WIDTH, HEIGHT = Field("width"), Field("height")
setattr(Small, "name", "small")  # noqa: B010
Large.name = "large"
scale.unit = "cm"
