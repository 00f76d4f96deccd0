"""A sub-pipeline that takes a file."""

from pathlib import Path

from pipec import pipeline, step, uri_of


def text_at(uri: str) -> str:
    """What lies at `uri`: here the store is a folder of this machine."""
    return Path(uri.removeprefix("file://")).read_text(encoding="utf-8")


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
