"""A sub-pipeline that takes a file."""

from pathlib import Path

import fsspec

from pipec import pipeline, step, uri_of


def text_at(uri: str) -> str:
    with fsspec.open(uri, "r", encoding="utf-8") as file:
        return str(file.read())


@step
def copy(uri: str, file: Path) -> Path:
    copied = Path(f"copy-of-{file.name}")
    copied.write_text(text_at(uri) + "!", encoding="utf-8")
    return copied


@pipeline
def copied_twice(file: Path, name: str) -> Path:
    made = copy(uri_of(file), file)
    if name == "a":
        made = copy(uri_of(made), made)
    return made
