"""Registries hold what the project's modules enter when they are imported, by decorators, hooks, calls and assignments."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from functools import singledispatch
from typing import Any

from metaflow import FlowSpec, Parameter, current, step

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

KNOWN["zero"] = int

del KNOWN["unrelated"]

add("plugins")


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

OPTIONS = {"a": 1}

OPTIONS.update(b=2)


def configure():
    OPTIONS["c"] = len(KNOWN)


configure()

add("pipeline")


class App:
    def __init__(self):
        self.routes = []

    def route(self, path):
        def enter(function):
            self.routes.append((path, function(path)))
            return function

        return enter


app = App()


@app.route("/a")
def first(path):
    return len(path)


def functions(n: int) -> dict:
    return {name: KNOWN[name](n) for name in sorted(KNOWN)}


def classes(n: int) -> list:
    return [n, {name: (kind.size, kind.name) for name, kind in Plugin.kinds.items()}, Counted.made]


def others(n: int) -> list:
    return [OPTIONS, SHARED, FIELDS, KNOWN["scale"].unit, app.routes, describe(n), describe("x")]


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


class CodeRegistriesFlow(FlowSpec):
    """code_registries"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.functions, self.classes, self.others)

    @step
    def functions(self):
        """Run `functions`."""
        with empty_folder():
            self.functions_result = plain(functions(self.n))
        self.next(self.join_functions_classes_others)

    @step
    def classes(self):
        """Run `classes`."""
        with empty_folder():
            self.classes_result = plain(classes(self.n))
        self.next(self.join_functions_classes_others)

    @step
    def others(self):
        """Run `others`."""
        with empty_folder():
            self.others_result = plain(others(self.n))
        self.next(self.join_functions_classes_others)

    @step
    def join_functions_classes_others(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["classes_result", "functions_result", "others_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.functions_result, self.classes_result, self.others_result]


if __name__ == "__main__":
    CodeRegistriesFlow()
