"""A fan-out beside others under `with parallel()`."""

from pathlib import Path

from pipec import parallel, pipeline, step


@step
def up_to(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def note(folder: str, word: str) -> None:
    with (Path(folder) / "log.txt").open("a") as f:
        f.write(word + "\n")


@step
def notes(folder: str) -> list[str]:
    file = Path(folder) / "log.txt"
    return sorted(file.read_text().split()) if file.exists() else []


@pipeline
def par(folder: str, n: int) -> list[object]:
    with parallel():
        note(folder, "a")
        for x in up_to(n):
            note(folder, f"x{x}")
        v = add(n, 1)
    w = add(v, 1)
    return [w, notes(folder)]
