"""Several outputs with an artifact among them: unpacked in one call, looked into in another; after a retry."""

from dataclasses import dataclass
from pathlib import Path

from pipec import pipeline, step


@dataclass
class Box:
    content: int


@step
def boxed(x: int) -> tuple[Box, list[int]]:
    return Box(x), [x, x + 1]


@step(retries=1)
def flaky(x: int, folder: str) -> int:
    mark = Path(folder) / "tried"
    if not mark.exists():
        mark.touch()
        raise RuntimeError("the first attempt")
    return x


@step
def content(box: Box) -> int:
    return box.content


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@pipeline
def outputs_tuple_whole(folder: str, x: int = 7) -> list[object]:
    box, both = boxed(flaky(x, folder))
    other = boxed(total(both))[0]
    return [content(box), content(other), both, other]
