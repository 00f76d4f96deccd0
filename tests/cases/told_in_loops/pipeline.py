"""Steps in loops that tell of their failure, whatever they give: to other steps, branches and loops, and out of the loop."""

import os
from pathlib import Path

from pipec import pipeline, step


def page(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{message}\n")


@step(on_failure=page)
def numbers(n: int) -> list[int]:
    return list(range(1, n))


@step(on_failure=page)
def written(n: int) -> Path:
    path = Path(f"{n}.txt")
    path.write_text("x" * n)
    return path


@step(on_failure=page)
def large(n: int) -> bool:
    return n > 1


@step(on_failure=page)
def inverse(n: int, minus: int) -> tuple[float, dict[str, int]]:
    return 1 / (n - minus), {"n": n}


@step
def size(path: Path) -> int:
    return path.stat().st_size


@step(on_failure=page)
def empty() -> None:
    pass


@step
def summary(sizes: list[int], chosen: list[int], inverses: list[list[float]], all_: list[dict[str, int]]) -> str:
    return f"{sizes} {chosen} {inverses} {all_}"


@step
def total(paths: list[Path]) -> int:
    return sum(len(path.read_text()) for path in paths)


@pipeline
def told_in_loops(n: int = 3, minus: int = 0) -> tuple[str, int]:
    sizes = []
    paths = []
    chosen = []
    inverses = []
    all_ = []
    for i in numbers(n):
        path = written(i)
        sizes.append(size(path))
        paths.append(path)
        if large(i):
            one = size(written(i + 1))
        else:
            one = i
        chosen.append(one)
        inner = []
        for k in numbers(i + 1):
            value, _ = inverse(k, minus)
            inner.append(value)
        inverses.append(inner)
        _, about = inverse(i, -1)
        all_.append(about)
        empty()
    return summary(sizes, chosen, inverses, all_), total(paths)
