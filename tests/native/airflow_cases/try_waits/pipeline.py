"""Sensors that give up: in a `try`, in a loop, rescheduled between two looks, and on an address that is none."""

from pathlib import Path

from pipec import pipeline, step, wait_for


@step
def write(folder: str, name: str) -> str:
    Path(folder, name).write_text(name)
    return f"file://{folder}/{name}"


@step
def note(text: str) -> str:
    return text.rpartition("/")[2]


@pipeline
def try_waits(folder: str, missing: str = "missing") -> list[object]:
    names = []
    for name in ["a", "b"]:
        uri = write(folder, name)
        wait_for(uri, every="2m")
        names.append(note(uri))
    try:
        wait_for(f"{folder}/{missing}", every="2m", timeout="2s")
        found = "found"
    except Exception as e:
        found = note(f"{e}")
    both = []
    for name in ["a", "c"]:
        try:
            wait_for(f"{folder}/{name}", every="1s", timeout="2s")
            both.append(name)
        except Exception:
            both.append(f"no {name}")
    return [names, found, both]
