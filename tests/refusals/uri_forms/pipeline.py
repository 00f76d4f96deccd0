"""Addresses of what has none, and addresses that stand elsewhere than as an argument of a step."""

from pathlib import Path

import pandas as pd

import pipec
from pipec import pipeline, step, uri_of


@step
def write(n: int) -> Path:
    return Path(f"{n}.txt")


@step
def maybe(n: int) -> Path | None:
    return None


@step
def several(n: int) -> list[Path]:
    return []


@step
def frame(n: int) -> pd.DataFrame:
    return pd.DataFrame()


@step
def number(n: int) -> int:
    return n


@step
def read(uri: str) -> str:
    return uri


@pipeline
def sub(uri: str) -> str:
    return read(uri)


@pipeline
def forms(n: int = 3) -> None:
    file, other = write(n), write(n + 1)
    read(uri_of(n))  # PC108
    read(uri_of("numbers.csv"))  # PC108
    read(uri_of(number(n)))  # PC108
    read(uri_of(maybe(n)))  # PC108
    read(uri_of(several(n)))  # PC108
    read(uri_of(frame(n)))  # PC108
    read(uri_of())  # PC203
    read(uri_of(file, other))  # PC203
    read(uri_of(path=file))  # PC203
    read(uri_of(file) + "/part")  # PC108
    read(f"{uri_of(file)}/part")  # PC108
    read([uri_of(file)])  # PC108
    where = pipec.uri_of(file)
    read(where)
    read(where + "/part")  # PC108
    read(where.upper())  # PC108
    sub(where)  # PC108
    sub(uri_of(file))  # PC108
    if where:  # PC108
        read(where)
    uri_of(file)  # PC108
    pair = (where, n)  # PC108
    read(pair)
    listed = [uri_of(f) for f in several(n)]  # PC108
    read(listed)
    for each in (file, other):
        found = uri_of(each)
        read(found)
    if n > 3:
        chosen = uri_of(file)
    else:
        chosen = uri_of(other)
    read(chosen)  # PC202
    try:
        late = uri_of(file)
    finally:
        number(n)
    read(late)  # PC202
    uris = []
    uris.append(where)  # PC108
    assert where, "gone"  # PC108


@pipeline
def returned(n: int = 3) -> str:
    return uri_of(write(n))  # PC108
