"""A file of one kind in one arm of a branch, and of another kind, or perhaps none, in the other."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from metaflow import FlowSpec, Parameter, current, step


def train(n: int) -> Path:
    Path("model.txt").write_text("new" * n)
    return Path("model.txt")


def champion(n: int) -> Path:
    Path("champion.txt").write_text("old" * n)
    return Path("champion.txt")


def table(n: int) -> Annotated[Path, "google.BQTable"]:
    Path("table.txt").write_text("rows" * n)
    return Path("table.txt")


def perhaps(n: int) -> Path | None:
    return None


def report(model: Path, other: Path | None) -> str:
    return f"{model.read_text()} {other and other.read_text()}"


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


class BranchMergeKindsFlow(FlowSpec):
    """branch_merge_kinds"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.if_n = self.n > 2
        self.next({True: self.fork, False: self.fork_2}, condition="if_n")

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.train, self.table)

    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.model = pack(train(self.n))
        self.next(self.join_train_table)

    @step
    def table(self):
        """Run `table`."""
        with empty_folder():
            self.other = pack(table(self.n))
        self.next(self.join_train_table)

    @step
    def join_train_table(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["model", "other"])
        self.next(self.report)

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.champion, self.perhaps)

    @step
    def champion(self):
        """Run `champion`."""
        with empty_folder():
            self.model = pack(champion(self.n))
        self.next(self.join_champion_perhaps)

    @step
    def perhaps(self):
        """Run `perhaps`."""
        with empty_folder():
            other_2 = perhaps(self.n)
            self.other = pack(other_2)
        self.next(self.join_champion_perhaps)

    @step
    def join_champion_perhaps(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["model", "other"])
        self.next(self.report)

    @step
    def report(self):
        """Run `report`."""
        with empty_folder():
            self.report_result = plain(report(unpack(self.model), unpack(self.other)))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `report_result`."""


if __name__ == "__main__":
    BranchMergeKindsFlow()
