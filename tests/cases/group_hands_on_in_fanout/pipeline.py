"""A sub-pipeline in a loop hands on what is the same for every item: a parameter, a value, and an artifact."""

from dataclasses import dataclass

from pipec import pipeline, step


@dataclass
class Box:
    content: int


@step
def count(n: int) -> int:
    return n + 1


@step
def box(n: int) -> Box:
    return Box(n)


@step
def total(boxes: list[Box], numbers: list[int]) -> int:
    return sum(b.content for b in boxes) + sum(numbers)


@pipeline
def same(value):
    return value


@pipeline
def group_hands_on_in_fanout(n: int = 2, items: list[int] = [4, 5, 6]) -> list:  # noqa: B006
    counted, boxed = count(n), box(n)
    parameters = []
    values = []
    boxes = []
    alone = []
    for item in items:
        parameters.append(same(n))
        values.append(same(counted))
        boxes.append(same(boxed))
        count(item)
    for _ in items:
        alone.append(same(counted))
    return [parameters, values, alone, total(boxes, values)]
