"""Effects in an arm order what is below the `if`, whichever arm ran."""

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
def branch_with_effects(folder: str, flag: bool = True) -> list[str]:
    before = read(folder)
    if flag:
        note(folder, "yes")
        note(folder, "indeed")
    return [before, read(folder)]
