"""Annotations that are text go with what they mention, which may be called otherwise in the generated file."""

from typing import Literal, get_type_hints

from shapes import square
from shapes.round import Shape as Circle

from pipec import pipeline, step


def sizes(shapes: "list[square.Shape]", circle: "Circle | square.Shape", how: Literal["square.Shape"]) -> "list[int]":
    return [shape.size for shape in (*shapes, circle)]


@step
def draw(n: int) -> list:
    found = sizes(square.Shape(n).larger(), Circle(n).same(), "square.Shape")
    hints = get_type_hints(sizes)
    return [found, hints["shapes"] == list[square.Shape], hints["circle"] == Circle | square.Shape, str(hints["how"])]


@pipeline
def code_annotations_as_text(n: int = 2) -> list:
    return draw(n)
