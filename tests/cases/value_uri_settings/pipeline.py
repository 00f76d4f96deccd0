"""The address of a file for a step that has a cache, and for one in a virtual environment: only the text gets there.

It is an argument like any other: a result is reused only where the file is the very same one, at the same address.
"""

from pathlib import Path

import fsspec

from pipec import Cache, pipeline, step, uri_of


@step(cache=True)
def write(text: str) -> Path:
    file = Path(f"{len(text)}.txt")
    file.write_text(text, encoding="utf-8")
    return file


def text_at(uri: str) -> str:
    with fsspec.open(uri, "r", encoding="utf-8") as file:
        return str(file.read())


@step(cache=Cache(version="2"))
def cached(uri: str, file: Path) -> list[str]:
    return [text_at(uri), file.read_text(encoding="utf-8"), file.name]


@step(packages=["fsspec"], targets={"airflow": {"isolation": "virtualenv"}})
def isolated(uri: str, file: Path, other: str) -> list[str]:
    assert file.read_text(encoding="utf-8") == text_at(uri) and uri == other
    return [text_at(uri), type(uri).__name__]


@step(packages=["fsspec"], targets={"airflow": {"isolation": "virtualenv"}})
def length(uri: str) -> int:
    return len(text_at(uri))


@pipeline
def value_uri_settings(text: str = "abc", count: int = 2) -> list[object]:
    file = write(text)
    where = uri_of(file)
    files = [write(text * (i + 1)) for i in range(count)]
    lengths = [length(uri_of(each)) for each in files]
    return [cached(where, file), isolated(where, file, other=where), lengths]
