"""Objects that are never made, since the condition is constant and false."""

from dataclasses import dataclass

from pipec import pipeline, step


@dataclass
class Box:
    content: int


@step
def box(content: int) -> Box:
    return Box(content)


@pipeline
def fanout_never(pairs: list[tuple[int, int]] = [(1, 2)]) -> int:
    out = []
    for y, z in pairs:
        if []:
            out.append(box(y))
    return len(out)
