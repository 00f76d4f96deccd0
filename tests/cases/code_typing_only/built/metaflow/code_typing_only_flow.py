"""What only type checkers import is not imported in a task, and what annotations mention need not be there."""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, get_type_hints

from metaflow import FlowSpec, Parameter, current, step

if TYPE_CHECKING:
    from nowhere import Paper

if TYPE_CHECKING:
    import nowhere

if TYPE_CHECKING:
    from collections.abc import Sequence

if t.TYPE_CHECKING:
    import nowhere

    from .circles import Circle

    Number = nowhere.Number
else:
    Number = float


def area(circle: Circle) -> Number:
    return Number(3 * circle.radius**2)


def table(circle: Circle) -> nowhere.Table[Number]:
    return [area(circle)]


@dataclass
class Circle:
    radius: int
    inside: Optional["Circle"] = None

    def drawn(self, paper: "Paper | None" = None) -> "list[Circle]":
        return [self, *(self.inside.drawn(paper) if self.inside else [])]

    def table(self) -> list:
        return table(self)


if TYPE_CHECKING:
    Circles = Sequence[Circle]


def radii(circles: "Sequence[Circle]", unused: "Circles | Number | None" = None) -> list:
    return [circle.radius for circle in circles]


def draw(n: int) -> list:
    circles = Circle(n, Circle(1)).drawn()
    return [radii(circles), circles[0].table(), sorted(get_type_hints(Circle))]


def measure(n: int) -> dict[str, float]:
    found: dict[str, float] = {"area": 1.5}
    return dict[str, float](found, n=float(n))


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


class CodeTypingOnlyFlow(FlowSpec):
    """code_typing_only"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.draw, self.measure)

    @step
    def draw(self):
        """Run `draw`."""
        with empty_folder():
            self.draw_result = plain(draw(self.n))
        self.next(self.join_draw_measure)

    @step
    def measure(self):
        """Run `measure`."""
        with empty_folder():
            self.measure_result = plain(measure(self.n))
        self.next(self.join_draw_measure)

    @step
    def join_draw_measure(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["draw_result", "measure_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.draw_result, self.measure_result]


if __name__ == "__main__":
    CodeTypingOnlyFlow()
