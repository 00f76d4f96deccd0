"""`with parallel():` is one statement: its direct children do not wait for one another, and what follows waits for all."""

from pathlib import Path

from pipec import parallel, pipeline, step


@step
def note(folder: str, word: str) -> None:
    (Path(folder) / word).touch()


@step
def listing(folder: str) -> list[str]:
    return sorted(p.name for p in Path(folder).iterdir())


@pipeline
def parallel_children(folder: str) -> list[str]:
    note(folder, "before")
    with parallel():
        note(folder, "a")
        note(folder, "b")
        note(folder, "c")
    return listing(folder)
