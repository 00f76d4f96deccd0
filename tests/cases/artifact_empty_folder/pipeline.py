"""Empty folders arrive too, although object stores have no folders."""

import tempfile
from pathlib import Path

from pipec import Dataset, pipeline, step


@step
def make(empty: bool) -> Dataset:
    folder = Path(tempfile.mkdtemp()) / "data"
    folder.mkdir()
    if not empty:
        (folder / "full").mkdir()
        (folder / "full" / "a.txt").write_text("a", encoding="utf-8")
        (folder / "hollow" / "deeper").mkdir(parents=True)
    return folder


@step
def look(data: Path) -> list[str]:
    return [data.name, *sorted(p.relative_to(data).as_posix() for p in data.rglob("*"))]


@pipeline
def artifact_empty_folder(n: int = 2) -> list[object]:
    kept = make(False)
    if n > 1:
        kept = make(True)
    return [look(make(True)), look(make(False)), look(kept)]
