"""A bare call is a sequence point: it waits for everything above it, and everything below waits for it."""

from pathlib import Path

from pipec import pipeline, step


@step
def note(folder: str, word: str) -> None:
    with (Path(folder) / "log.txt").open("a", encoding="utf-8") as file:
        file.write(word + "\n")


@step
def read(folder: str) -> list[str]:
    file = Path(folder) / "log.txt"
    return file.read_text(encoding="utf-8").split() if file.exists() else []


@pipeline
def effect_order(folder: str) -> list[list[str]]:
    before = read(folder)
    note(folder, "first")
    between = read(folder)
    note(folder, "second")
    note(folder, "third")
    return [before, between, read(folder)]
