"""The address of a file or folder in the target's store, for what reads it there itself: an argument of a step."""

from pathlib import Path

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


def at(uri: str) -> Path:
    """What lies at `uri`, as a query engine would find it: here the store is a folder of this machine."""
    return Path(uri.removeprefix("file://"))


@step
def query(uri: str) -> int:
    return sum(map(int, at(uri).read_text(encoding="utf-8").splitlines()))


@step
def is_same(uri: str, file: Path, again: str) -> bool:
    assert file != at(uri), "the step has a copy of its own"
    return uri == again and at(uri).read_bytes() == file.read_bytes()


@step
def names(where: str) -> list[str]:
    return sorted(path.name for path in at(where).glob("*.txt"))


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
