"""A group that contains an effect is a sequence point as a whole."""

from pathlib import Path

from pipec import pipeline, step


@step
def note(folder: str, word: str) -> None:
    with (Path(folder) / "log.txt").open("a", encoding="utf-8") as file:
        file.write(word + " ")


@step
def read(folder: str) -> str:
    file = Path(folder) / "log.txt"
    return file.read_text(encoding="utf-8") if file.exists() else ""


@pipeline
def announce(folder: str, what: str) -> str:
    note(folder, f"{what}-begin")
    note(folder, f"{what}-end")
    return read(folder)


@pipeline
def group_effects(folder: str) -> list[str]:
    before = read(folder)
    seen = announce(folder, "a")
    announce(folder, "b")
    return [before, seen, read(folder)]
