"""What code looks up by text is not seen at build time, so it would not go with the step."""

import importlib
import importlib.resources
import inspect
import sys

from pipec import pipeline, step

RATE = 3


class Base:
    pass


class One(Base):
    pass


@step
def work(n: int) -> list:
    return [
        eval("RATE * 2"),  # PC111
        eval("n * 2", {"n": n}),
        sys.modules["tools"],  # PC111
        importlib.import_module("tools"),  # PC111
        importlib.import_module("json"),
        importlib.resources.files("tools"),  # PC111
        Base.__subclasses__(),  # PC111
        __package__,  # PC111
    ]


FOLDER = inspect.getfile(Base)  # PC111


@step
def place(n: int) -> str:
    return FOLDER


@pipeline
def p(n: int = 3) -> list:
    return [work(n), place(n)]
