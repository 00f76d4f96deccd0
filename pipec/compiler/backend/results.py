"""The result of a run: how a runner hands it over, and how it is shown as JSON."""

from __future__ import annotations

import base64
import hashlib
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FileResult:
    """A file or folder that a pipeline returns, by content."""

    name: str
    sha256: str


def file_result(path: Path) -> FileResult:
    """Name and digest of a file, or of a folder's files by relative path."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            name = file.relative_to(path).as_posix().encode()
            digest.update(name + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    else:
        digest.update(path.read_bytes())
    return FileResult(path.name, digest.hexdigest())


def with_files(value: Any) -> Any:
    """`value` with each path, at any depth of lists, tuples and dicts, replaced by what it holds."""
    match value:
        case Path():
            return file_result(value)
        case list():
            return [with_files(v) for v in value]
        case tuple() if type(value) is tuple:
            return tuple(with_files(v) for v in value)
        case dict() if type(value) is dict:
            return {k: with_files(v) for k, v in value.items()}
    return value


def save(value: Any, file: str | Path) -> None:
    """Write a loaded result (paths still on disk) for `pipec.api` to compare and to show.

    The JSON form comes first, so that it is there even for what cannot be pickled.
    """
    value = with_files(value)
    try:
        pickled = base64.b64encode(pickle.dumps(value, protocol=4)).decode()
    except Exception:  # the user's classes may refuse in any way
        pickled = ""
    import json

    Path(file).write_text(json.dumps({"json": as_json(value), "pickle": pickled}), encoding="utf-8")


def as_json(value: Any) -> Any:
    """`value` as JSON wherever JSON can hold it: tuples as lists, nan and inf as strings, the rest by type and repr."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else repr(float(value))
        case FileResult():
            return {"$file": {"name": value.name, "sha256": value.sha256}}
        case list() | tuple():
            if not hasattr(value, "_fields"):
                return [as_json(v) for v in value]
        case dict():
            if all(isinstance(k, str) for k in value):
                return {k: as_json(v) for k, v in value.items()}
    kind = type(value)
    return {"$artifact": {"type": f"{kind.__module__}.{kind.__qualname__}", "repr": repr(value)}}
