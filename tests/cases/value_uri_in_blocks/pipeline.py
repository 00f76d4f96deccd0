"""The address of a file that comes out of an arm, a loop, a list or a sub-pipeline, or that goes into one."""

from pathlib import Path

from copying import copied_twice, copy, text_at

from pipec import pipeline, step, uri_of


@step
def write(name: str) -> Path:
    file = Path(f"{name}.txt")
    file.write_text(f"text of {name}", encoding="utf-8")
    return file


@step
def write_all(names: list[str]) -> list[Path]:
    return [write(name) for name in names]


@step
def write_pair(name: str) -> tuple[Path, Path]:
    return write(name), write(f"{name}-{name}")


@step
def read(uri: str) -> str:
    return text_at(uri)


@step
def compare(uri: str, file: Path, other: str) -> bool:
    return text_at(uri) == file.read_text(encoding="utf-8") != text_at(other)


@pipeline
def value_uri_in_blocks(name: str = "a", count: int = 2) -> dict[str, object]:
    """Read files by their addresses, wherever they come from."""
    names = [f"{name}{i}" for i in range(count)]
    found: list[Path] = [write(n) for n in names]
    copies: list[Path] = []
    copied_texts: list[str] = []
    for file in found:
        copied = copy(uri_of(file), file)
        copies.append(copied)
        copied_texts.append(read(uri_of(copied)))
    listed = [read(uri_of(file)) for file in write_all(names)]
    first, second = write_pair(name)
    if name == "a":
        chosen = write("chosen")
        seen = read(uri_of(first))
    else:
        chosen = second
        seen = "nothing"
    grouped = copied_twice(chosen, name)
    return {
        "texts": [read(uri_of(file)) for file in found],
        "copies": copied_texts,
        "again": [read(uri_of(file)) for file in copies],
        "listed": listed,
        "chosen": read(uri_of(chosen)),
        "seen": seen,
        "grouped": read(uri_of(grouped)),
        "pair": compare(uri_of(first), first, uri_of(second)),
        "last": read(uri_of(found[-1])),
    }
