"""A loop with effects is one sequence point as a whole."""

from pathlib import Path

from pipec import pipeline, step


@step
def write(folder: str, name: str) -> None:
    (Path(folder) / name).touch()


@step
def listing(folder: str) -> list[str]:
    return sorted(p.name for p in Path(folder).iterdir())


@pipeline
def fanout_effects(folder: str, names: list[str] = ["a", "b", "c"]) -> list[list[str]]:
    before = listing(folder)
    for name in names:
        write(folder, name)
    return [before, listing(folder)]
