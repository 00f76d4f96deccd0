"""A parameter annotated as a file is one where a pipeline gives it, and the text of a path where a run does."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def make(lines: int) -> Path:
    path = Path("lines.txt")
    path.write_text("\n" * lines)
    return path


def count(data: Path) -> int:
    return Path(data).read_text().count("\n")


def is_folder(folder: Path) -> bool:
    return isinstance(folder, str) and Path(folder).is_dir()


class ExactJSON(type(JSONType)):
    """JSON, with `{"$tuple": [...]}`, `$set`, `$frozenset`, `$bytes` (hex) and `$dict` (pairs) for what it has not."""

    def convert(self, value, param, ctx):
        return self.untagged(super().convert(value, param, ctx))

    def untagged(self, value):
        if isinstance(value, list):
            return [self.untagged(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((tag, items),) = value.items()
            kind = {"$tuple": tuple, "$set": set, "$frozenset": frozenset, "$dict": dict}.get(tag)
            if tag == "$bytes":
                return bytes.fromhex(items)
            if kind is not None:
                return kind(tuple(item) if kind is dict else item for item in self.untagged(items))
        return {key: self.untagged(item) for key, item in value.items()}


@contextlib.contextmanager
def empty_folder() -> Iterator[None]:
    """Run in an empty working folder, without standard input; a function that exits the process has failed."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # local runs leave it open: a function that reads it would wait for ever
        os.chdir(tempfile.mkdtemp(dir=folder))
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"step {current.step_name!r} called sys.exit({error.code!r})") from error
        finally:
            os.chdir(before)


def plain(value: Any) -> Any:
    """The result of a step as plain Python data: scalars of NumPy, enums and named tuples become what they hold."""
    for kind in (bool, str, int, float, bytes):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(plain(item) for item in value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if any(kind.__module__ == "numpy" and kind.__name__ == "generic" for kind in type(value).__mro__):
        item = value.item()
        if type(item) is not type(value):
            return plain(item)
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"step {current.step_name!r} returned a {name}, which cannot travel as a value; "
        f"annotate its result as an object artifact, such as `-> {type(value).__qualname__}` or `-> object`"
    )


def pack(path: Any) -> Any:
    """A file or folder as an artifact: its name, and its bytes or those of a tar archive."""
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"step {current.step_name!r} returned a {type(path).__name__}; its annotation says a path")
    source = Path(path).resolve()
    if not source.exists():
        raise FileNotFoundError(f"step {current.step_name!r} returned {str(path)!r}, and there is no such file")
    if source.is_file():
        return {"name": source.name, "folder": False, "content": source.read_bytes()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(source, arcname=source.name)
    return {"name": source.name, "folder": True, "content": buffer.getvalue()}


def unpack(packed: Any) -> Any:
    """A private copy of a packed file or folder, beside the working folder."""
    if packed is None:
        return None
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent), packed["name"])
    if packed["folder"]:
        with tarfile.open(fileobj=io.BytesIO(packed["content"])) as archive:
            archive.extractall(target.parent, filter="data")
    else:
        target.write_bytes(packed["content"])
    return target


class ParametersFileFlow(FlowSpec):
    """parameters_file"""

    folder = Parameter("folder", type=ExactJSON(), required=True)
    others = Parameter("others", type=ExactJSON(), default="[]")
    lines = Parameter("lines", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.is_folder, self.make)

    @step
    def is_folder(self):
        """Run `is_folder`."""
        with empty_folder():
            self.is_folder_result = plain(is_folder(self.folder))
        self.next(self.join_is_folder_count)

    @step
    def make(self):
        """Run `make`."""
        with empty_folder():
            self.data = pack(make(self.lines))
        self.next(self.count)

    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.count_result = plain(count(unpack(self.data)))
        self.next(self.join_is_folder_count)

    @step
    def join_is_folder_count(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["count_result", "is_folder_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = (self.is_folder_result, len(self.others), self.count_result)


if __name__ == "__main__":
    ParametersFileFlow()
