"""A tuple of an artifact, a file and a value: each travels in its own way."""

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


def train(n: int) -> tuple[np.ndarray, Path, float]:
    import numpy as np

    weights = np.arange(n, dtype=float)
    Path("log.txt").write_text(f"{n} weights", encoding="utf-8")
    return weights, Path("log.txt"), float(weights.sum())


def norm(weights: np.ndarray) -> float:
    return float((weights**2).sum())


def words(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").split()


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


class OutputsTupleArtifactsFlow(FlowSpec):
    """outputs_tuple_artifacts"""

    n = Parameter("n", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.train)

    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.weights, log, total = train(self.n)
            self.log = pack(log)
            self.total = plain(total)
        self.next(self.check_total, self.words)

    @step
    def check_total(self):
        """Choose a branch."""
        self.if_total = self.total > 5
        self.next({True: self.norm, False: self.skip_total}, condition="if_total")

    @step
    def norm(self):
        """Run `norm`."""
        with empty_folder():
            self.size = plain(norm(self.weights))
        self.next(self.after)

    @step
    def skip_total(self):
        """Set what the branches have in common."""
        self.size = -1.0
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def words(self):
        """Run `words`."""
        with empty_folder():
            self.words_result = plain(words(unpack(self.log)))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["size", "total", "words_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.size, self.words_result, self.total / 2]


if __name__ == "__main__":
    OutputsTupleArtifactsFlow()
