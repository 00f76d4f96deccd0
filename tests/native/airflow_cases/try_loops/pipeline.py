"""A `try` in an iteration, with effects, a check, a fan-out inside, and a `finally`: guards instead of branches."""

from pathlib import Path

from pipec import Retry, pipeline, step


@step(retries=Retry(1, delay="1s"))
def part(x: int, y: int) -> int:
    if x == y == 1:
        raise ValueError(f"{x} and {y}")
    return x * 10 + y


@step
def note(folder: str, text: str) -> None:
    Path(folder, text).touch()


@step
def names(folder: str, parts: list[list[int]]) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@step
def worth(x: int) -> int:
    if x == 3:
        raise RuntimeError("three")
    return x


@pipeline
def try_loops(folder: str, n: int = 4, bad: int = 9) -> list[object]:
    kept = []
    told = []
    for x in range(n):
        try:
            value = worth(x)
            assert value != 2, f"{value} is even"
            note(folder, f"fine-{value}")
            if value == 0:
                note(folder, "zero")
            told.append(value)
        except Exception as e:
            note(folder, f"bad-{x}")
            told.append(f"{x}: {e}")
    for x in range(n):
        try:
            note(folder, f"second-{x}")
            assert x != bad
        finally:
            note(folder, f"after-{x}")
    grid = []
    for x in range(2):
        row = []
        for y in range(n):
            try:
                cell = part(x, y)
            except Exception:
                cell = -1
            row.append(cell)
        grid.append(row)
    return [told, kept, grid, names(folder, grid)]
