"""A step in the words of one target, and a plain one that runs in its stead everywhere else."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, current, retry, step


def copied(uri: str) -> Path:
    Path("table.csv").write_text(uri)
    return Path("table.csv")


def length(table: Path) -> int:
    return len(Path(table).read_text())


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


class NativeOtherwiseFlow(FlowSpec):
    """native_otherwise"""

    uri = Parameter("uri", default="gs://bucket/table.csv")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.known)

    @retry(times=1)
    @step
    def known(self):
        """Run `known`."""
        with empty_folder():
            self.table = pack(copied(self.uri))
        self.next(self.length)

    @step
    def length(self):
        """Run `length`."""
        with empty_folder():
            self.total = plain(length(unpack(self.table)))
        self.if_total = self.total > 3
        self.next({True: self.known_2, False: self.skip_total}, condition="if_total")

    @retry(times=1)
    @step
    def known_2(self):
        """Run `known`."""
        with empty_folder():
            self.table_2 = pack(copied(f"{self.uri}.gz"))
        self.next(self.length_2)

    @step
    def length_2(self):
        """Run `length`."""
        with empty_folder():
            self.length_result = plain(length(unpack(self.table_2)))
        self.next(self.compute_total_2)

    @step
    def compute_total_2(self):
        """Compute `total_2`."""
        self.total_3 = self.total + self.length_result
        self.next(self.end)

    @step
    def skip_total(self):
        """Set what the branches have in common."""
        self.total_3 = self.total
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `total_3`."""


if __name__ == "__main__":
    NativeOtherwiseFlow()
