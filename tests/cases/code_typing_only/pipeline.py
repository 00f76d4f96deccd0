"""What only type checkers import is not imported in a task, and what annotations mention need not be there."""

from typing import TYPE_CHECKING, get_type_hints

from shapes.circles import Circle

from pipec import Metrics, pipeline, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapes import areas

    Circles = Sequence[Circle]


def radii(circles: "Sequence[Circle]", unused: "Circles | areas.Number | None" = None) -> list:
    return [circle.radius for circle in circles]


@step
def draw(n: int) -> list:
    circles = Circle(n, Circle(1)).drawn()
    return [radii(circles), circles[0].table(), sorted(get_type_hints(Circle))]


@step
def measure(n: int) -> Metrics:
    found: Metrics = {"area": 1.5}
    return Metrics(found, n=float(n))


@pipeline
def code_typing_only(n: int = 2) -> list:
    return [draw(n), measure(n)]
