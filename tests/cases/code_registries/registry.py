"""A registry that other modules fill."""

from functools import singledispatch

KNOWN = {}
SHARED = []


def register(name):
    """Enter a function under `name`."""

    def enter(function):
        KNOWN[name] = function
        return function

    return enter


def add(item, into=SHARED):
    """Append to the list of this module."""
    into.append(item)


@singledispatch
def describe(value):
    """What a value is."""
    return "something"


class Plugin:
    """Every subclass is known by its name."""

    kinds = {}

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls.kinds[cls.__name__] = cls


class Counted(type):
    """A metaclass that lists what it makes."""

    made = []

    def __init__(cls, name, bases, namespace):
        super().__init__(name, bases, namespace)
        cls.made.append(name)


FIELDS = []


class Field:
    """Every instance is listed."""

    def __init__(self, name):
        self.name = name
        FIELDS.append(name)
