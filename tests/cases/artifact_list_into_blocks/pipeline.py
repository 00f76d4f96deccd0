"""A list of artifacts is read in a branch, in a loop, in a sub-pipeline, and in all of them together."""

from dataclasses import dataclass

from pipec import pipeline, step


@dataclass
class Box:
    content: int


@step
def pack(x: int) -> Box:
    return Box(x)


@step
def weigh(boxes: list[Box], extra: int = 0) -> int:
    return sum(box.content for box in boxes) + extra


@step
def pick(boxes: list[Box], i: int) -> Box:
    return boxes[i]


@pipeline
def heavier(boxes, others):
    if len(others) > 1:
        chosen = others
    else:
        chosen = boxes
    return weigh(chosen)


@pipeline
def artifact_list_into_blocks(xs: list[int] = [3, 4], wide: bool = True) -> list[object]:
    fixed = [pack(x) for x in (1, 2, 3)]
    found = [pack(x) for x in xs]
    if wide:
        first = weigh(fixed, len(fixed))
        boxes = fixed
    else:
        first = weigh(found)
        boxes = found
    each = [weigh(fixed, x) for x in xs]
    nested = [[weigh(found, x + y) for y in xs] for x in (10, 20)]
    lists = [fixed for _ in xs]
    return [
        first,
        weigh(boxes),
        each,
        nested,
        heavier(fixed, found),
        heavier(fixed, fixed),
        [weigh(b) for b in lists],
        [weigh([box], x) for x in xs for box in fixed],
    ]
