"""Empty folders arrive too, although object stores have no folders."""

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


def make(empty: bool) -> Path:
    folder = Path(tempfile.mkdtemp()) / "data"
    folder.mkdir()
    if not empty:
        (folder / "full").mkdir()
        (folder / "full" / "a.txt").write_text("a", encoding="utf-8")
        (folder / "hollow" / "deeper").mkdir(parents=True)
    return folder


def look(data: Path) -> list[str]:
    return [data.name, *sorted(p.relative_to(data).as_posix() for p in data.rglob("*"))]


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


class ArtifactEmptyFolderFlow(FlowSpec):
    """artifact_empty_folder"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.make, self.make_3, self.make_4)

    @step
    def make(self):
        """Run `make`."""
        with empty_folder():
            self.kept = pack(make(False))
        self.next(self.check_n)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 1
        self.next({True: self.make_2, False: self.skip_n}, condition="if_n")

    @step
    def make_2(self):
        """Run `make`."""
        with empty_folder():
            self.kept_3 = pack(make(True))
        self.next(self.look_3)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.kept_3 = self.kept
        self.next(self.look_3)

    @step
    def look_3(self):
        """Run `look`."""
        with empty_folder():
            self.look_result_3 = plain(look(unpack(self.kept_3)))
        self.next(self.join_look_3_look_look_2)

    @step
    def make_3(self):
        """Run `make`."""
        with empty_folder():
            self.data = pack(make(True))
        self.next(self.look)

    @step
    def look(self):
        """Run `look`."""
        with empty_folder():
            self.look_result = plain(look(unpack(self.data)))
        self.next(self.join_look_3_look_look_2)

    @step
    def make_4(self):
        """Run `make`."""
        with empty_folder():
            self.data_2 = pack(make(False))
        self.next(self.look_2)

    @step
    def look_2(self):
        """Run `look`."""
        with empty_folder():
            self.look_result_2 = plain(look(unpack(self.data_2)))
        self.next(self.join_look_3_look_look_2)

    @step
    def join_look_3_look_look_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["look_result", "look_result_2", "look_result_3"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.look_result, self.look_result_2, self.look_result_3]


if __name__ == "__main__":
    ArtifactEmptyFolderFlow()
