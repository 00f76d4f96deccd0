"""The address of a file or folder in the target's store, for what reads it there itself: an argument of a step."""

from pathlib import Path

import fsspec

from pipec import Dataset, pipeline, step, uri_of


@step
def write(rows: int) -> Dataset:
    file = Path("numbers.csv")
    file.write_text("\n".join(map(str, range(rows))), encoding="utf-8")
    return file


@step
def split(file: Path) -> Path:
    folder = Path("parts")
    folder.mkdir()
    for number in file.read_text(encoding="utf-8").splitlines():
        (folder / f"{number}.txt").write_text(f"part {number}", encoding="utf-8")
    return folder


@step
def query(uri: str) -> int:
    with fsspec.open(uri, "r", encoding="utf-8") as lines:
        return sum(map(int, lines))


@step
def is_same(uri: str, file: Path, again: str) -> bool:
    """A file at its address is the one that a step gets a copy of."""
    with fsspec.open(uri, "rb") as stored:
        return uri == again and stored.read() == file.read_bytes()


@step
def names(where: str) -> list[str]:
    store, folder = fsspec.url_to_fs(where)
    return sorted(path.rpartition("/")[2] for path in store.glob(f"{folder}/*.txt"))


@step(retries=1)
def kind(uri: str, at_least: int = 0) -> tuple[str, str, int]:
    return type(uri).__name__, uri.rpartition("/")[2], at_least


@pipeline
def value_uri(rows: int = 3) -> list[object]:
    """Read a file by its address."""
    file = write(rows)
    where = uri_of(file)
    total = query(where)
    same = is_same(where, file, again=uri_of(file))
    return [total, same, names(where=uri_of(split(file))), kind(uri_of(file), total)]
