"""Lists and dicts of artifacts from one step: indexed, counted, iterated over, and passed whole."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaflow import FlowSpec, Parameter, current, step

if TYPE_CHECKING:
    import numpy as np


def models(n: int) -> list[np.ndarray]:
    import numpy as np

    return [np.full(i + 1, i) for i in range(n)]


def files(names: list[str]) -> dict[str, Path]:
    for name in names:
        Path(f"{name}.txt").write_text(name * 2, encoding="utf-8")
    return {name: Path(f"{name}.txt") for name in names}


def size(model: np.ndarray) -> int:
    return model.size


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def joined(files: dict[str, Path]) -> str:
    return " ".join(f"{k}={v.read_text(encoding='utf-8')}" for k, v in files.items())


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


class ArtifactCollectionsFlow(FreshArtifacts, FlowSpec):
    """artifact_collections"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.models, self.files)

    @step
    def models(self):
        """Run `models`."""
        with empty_folder():
            self.several = models(self.n)
        self.next(self.size, self.list_m)

    @step
    def size(self):
        """Run `size`."""
        with empty_folder():
            self.size_result = plain(size(self.several[1]))
        self.next(self.join)

    @step
    def list_m(self):
        """List what `m` goes through."""
        self.any_m = bool(self.several)
        self.next({True: self.each_m, False: self.no_m}, condition="any_m")

    @step
    def each_m(self):
        """Start a task for each `m`."""
        self.next(self.size_2, foreach="several")

    @step
    def size_2(self):
        """Run `size`."""
        with empty_folder():
            self.size_result_2 = plain(size(self.input))
        self.next(self.gather_size_result_2_by_m)

    @step
    def gather_size_result_2_by_m(self, inputs):
        """Collect the results of each `m`, in order."""
        self.merge_artifacts(inputs, include=["several"])
        self.size_result_2_by_m = [task.size_result_2 for task in inputs]
        self.next(self.after)

    @step
    def no_m(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.size_result_2_by_m = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["several", "size_result", "size_result_2_by_m"])
        self.next(self.join_3)

    @step
    def files(self):
        """Run `files`."""
        with empty_folder():
            named = files(["a", "b"])
            self.named = {key: pack(item) for key, item in named.items()}
        self.next(self.read, self.joined, self.compute_items)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.read_result = plain(read(unpack(self.named["b"])))
        self.next(self.join_2)

    @step
    def joined(self):
        """Run `joined`."""
        with empty_folder():
            self.joined_result = plain(joined({key: unpack(item) for key, item in self.named.items()}))
        self.next(self.join_2)

    @step
    def compute_items(self):
        """Compute `items`."""
        self.items = list(self.named.items())
        self.any_file = bool(self.items)
        self.next({True: self.each_file, False: self.no_file}, condition="any_file")

    @step
    def each_file(self):
        """Start a task for each `file`."""
        self.next(self.read_2, foreach="items")

    @step
    def read_2(self):
        """Run `read`."""
        file = self.input[1]
        with empty_folder():
            self.read_result_2 = plain(read(unpack(file)))
        self.next(self.gather_read_result_2_by_name_by_file)

    @step
    def gather_read_result_2_by_name_by_file(self, inputs):
        """Collect the results of each `file`, in order."""
        self.merge_artifacts(inputs, include=["items"])
        self.read_result_2_by_name_by_file = [task.read_result_2 for task in inputs]
        self.next(self.after_2)

    @step
    def no_file(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.read_result_2_by_name_by_file = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["items", "joined_result", "read_result", "read_result_2_by_name_by_file"])
        self.next(self.join_3)

    @step
    def join_3(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs,
            include=[
                "items",
                "joined_result",
                "read_result",
                "read_result_2_by_name_by_file",
                "several",
                "size_result",
                "size_result_2_by_m",
            ],
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        items = self.items
        read_result_2_by_name_by_file = self.read_result_2_by_name_by_file
        self.items_2 = {
            name: read_result_2 for (name, file), read_result_2 in zip(items, read_result_2_by_name_by_file)
        }
        self.result = [
            self.size_result,
            len(self.several),
            self.size_result_2_by_m,
            self.read_result,
            self.joined_result,
            self.items_2,
        ]


if __name__ == "__main__":
    ArtifactCollectionsFlow()
