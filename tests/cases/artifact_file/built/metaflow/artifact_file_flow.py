"""Files travel under their base names: a step returns a path, and the next gets a path to a copy of its own."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def write(lines: int) -> Path:
    folder = Path("out")
    folder.mkdir()
    file = folder / "données 1.txt"
    file.write_text("\n".join(f"line {i}" for i in range(lines)), encoding="utf-8")
    return file


def count(file: Path) -> list:
    return [file.name, len(file.read_text(encoding="utf-8").splitlines())]


def spoil(file: Path) -> str:
    file.write_text("spoilt", encoding="utf-8")
    return "done"


def count_after(file: Path, _: str) -> list:
    return [file.name, len(file.read_text(encoding="utf-8").splitlines())]


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class ArtifactFileFlow(FreshArtifacts, FlowSpec):
    """artifact_file"""

    lines = Parameter("lines", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.write)

    @step
    def write(self):
        """Run `write`."""
        with empty_folder():
            self.file = pack(write(self.lines))
        self.next(self.count, self.spoil)

    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.first = plain(count(unpack(self.file)))
        self.next(self.join_count_count_after)

    @step
    def spoil(self):
        """Run `spoil`."""
        with empty_folder():
            self.value = plain(spoil(unpack(self.file)))
        self.next(self.count_after)

    @step
    def count_after(self):
        """Run `count_after`."""
        with empty_folder():
            self.count_after_result = plain(count_after(unpack(self.file), self.value))
        self.next(self.join_count_count_after)

    @step
    def join_count_count_after(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["count_after_result", "first"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.first, self.count_after_result]


if __name__ == "__main__":
    ArtifactFileFlow()
