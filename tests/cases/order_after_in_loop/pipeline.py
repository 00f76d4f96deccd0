"""`with parallel(after=...)` in loops: what it names may be of the same iteration, or from outside."""

from pathlib import Path

from pipec import parallel, pipeline, step


@step
def note(folder: str, name: str) -> str:
    Path(folder, name).write_text("", encoding="utf-8")
    return name


@step
def late(folder: str, name: str, wanted: list[str]) -> str:
    missing = [one for one in wanted if not Path(folder, one).exists()]
    if missing:
        raise RuntimeError(f"{name} has come before {missing}")
    return name


@pipeline
def order_after_in_loop(folder: str, names: list[str] = ["a", "b"]) -> list[str]:
    with parallel():
        before = note(folder, "before")
        found = []
        for name in names:
            first = note(folder, f"first-{name}")
            with parallel(after=(first, before)):
                last = late(folder, f"last-{name}", ["before", f"first-{name}"])
            found.append(last)
        for i in range(2):
            start = note(folder, f"start-{i}")
            with parallel(after=start):
                end = late(folder, f"end-{i}", [f"start-{i}"])
    return found
