"""Effects and fan-outs with effects in arms: what follows waits for them, and empty ones count as done."""

from pathlib import Path

from pipec import pipeline, step


@step
def same(x: int) -> int:
    return x


@step
def up_to(n: int) -> list[int]:
    return list(range(n))


@step
def note(folder: str, word: str) -> None:
    with (Path(folder) / "log.txt").open("a") as f:
        f.write(word + "\n")


@step
def notes(folder: str) -> list[str]:
    file = Path(folder) / "log.txt"
    return sorted(file.read_text().split()) if file.exists() else []


@pipeline
def arm_effects(folder: str, n: int, flag: int) -> list[object]:
    k = same(flag)
    if k:
        for x in up_to(n):
            note(folder, f"x{x}")
        note(folder, "after")
    a = notes(folder)
    if k > 1:
        note(folder, "big")
    return [a, notes(folder)]
