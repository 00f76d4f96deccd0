"""Annotations that are text go with what they mention, which may be called otherwise in the generated file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any, Literal, get_type_hints

from metaflow import FlowSpec, Parameter, current, step


class Shape:
    def __init__(self, size: int) -> None:
        self.size = size

    def larger(self) -> "list[Shape]":
        return [self, Shape(self.size + 1)]


class shapes_round_Shape:
    def __init__(self, size: int) -> None:
        self.size = size

    def same(self, other: "shapes_round_Shape | None" = None) -> "shapes_round_Shape":
        return other or self


shapes_round_Shape.__name__ = "Shape"


def sizes(shapes: "list[Shape]", circle: "shapes_round_Shape | Shape", how: Literal["square.Shape"]) -> "list[int]":
    return [shape.size for shape in (*shapes, circle)]


def draw(n: int) -> list:
    found = sizes(Shape(n).larger(), shapes_round_Shape(n).same(), "square.Shape")
    hints = get_type_hints(sizes)
    return [found, hints["shapes"] == list[Shape], hints["circle"] == shapes_round_Shape | Shape, str(hints["how"])]


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


class CodeAnnotationsAsTextFlow(FlowSpec):
    """code_annotations_as_text"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.draw)

    @step
    def draw(self):
        """Run `draw`."""
        with empty_folder():
            self.draw_result = plain(draw(self.n))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `draw_result`."""


if __name__ == "__main__":
    CodeAnnotationsAsTextFlow()
