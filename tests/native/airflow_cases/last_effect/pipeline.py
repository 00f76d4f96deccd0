"""Branches at the very end: nothing joins them."""

from pathlib import Path

from pipec import pipeline, step


@step
def same(x: int) -> int:
    return x


@step
def note(folder: str, word: str) -> None:
    with (Path(folder) / "log.txt").open("a") as f:
        f.write(word + "\n")


@pipeline
def last_effect(folder: str, flag: int) -> None:
    k = same(flag)
    if k:
        note(folder, "one")
        if k > 1:
            note(folder, "two")
