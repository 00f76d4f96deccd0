"""Tasks before and after a fan-out inside a fan-out, with effects, values from outside and regrouped results."""

from pathlib import Path

from pipec import pipeline, step


@step
def same(x: int) -> int:
    return x


@step
def up_to(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@step
def note(folder: str, word: str) -> None:
    with (Path(folder) / "log.txt").open("a") as f:
        f.write(word + "\n")


@step
def notes(folder: str) -> list[str]:
    file = Path(folder) / "log.txt"
    return sorted(file.read_text().split()) if file.exists() else []


@pipeline
def nested_pre_post(folder: str, n: int) -> list[object]:
    rows = []
    sums = []
    k = same(3)
    for a in up_to(n):
        b = add(a, 1)
        cells = []
        for c in up_to(a):
            d = add(c, b)
            note(folder, f"c{a}{c}")
            cells.append(add(d, k))
        s = total(cells)
        rows.append(cells)
        sums.append(add(s, b))
    return [rows, sums, notes(folder)]
