"""One artifact under two names: handed twice to a sub-pipeline, handed out twice by it, merged and as it was."""

from dataclasses import dataclass

from pipec import pipeline, step


@dataclass
class Box:
    content: int


@step
def pack(x: int) -> Box:
    return Box(x)


@step
def both(a: Box, b: Box, n: int = 0) -> int:
    return 10 * a.content + b.content + n


@pipeline
def pair(a, b):
    if a is not None:
        return both(a, b)
    return 0


@pipeline
def twins(x: int):
    box = pack(x)
    return box, box


@pipeline
def artifact_same_twice(x: int = 2, up: bool = True) -> list[int]:
    one = pack(x)
    two = pack(x + 1)
    if up:
        chosen = one
    else:
        chosen = two
    if not up:
        other = two
    else:
        other = one
    left, right = twins(7)
    return [
        pair(one, one),
        pair(one, chosen),
        pair(chosen, other),
        pair(left, right),
        *[both(chosen, other, n) for n in range(2)],
        *[both(left, right, n) for n in range(x)],
    ]
