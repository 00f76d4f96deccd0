"""Steps with packages and a Python version of their own, among others that have none."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from metaflow import FlowSpec, Parameter, StepMutator, current, step
from metaflow.metaflow_config import DEFAULT_DATASTORE

OFFSET = 10


def shifted(values: list[int]) -> list[int]:
    return [value + OFFSET for value in values]


def numbers(n: int) -> list[int]:
    return list(range(n))


def squares(values: list[int], offset: int = OFFSET):
    import numpy as np

    return np.array(shifted(values)) ** 2 + offset


def bounds(array) -> tuple[int, float]:
    return array.min(), float(array.mean())


def write(low: int, mean: float, *, title: str = "bounds") -> Path:
    file = Path("bounds.txt")
    file.write_text(f"{title} {low} {mean:g}")
    return file


def read(file: Path) -> str:
    return file.read_text()


def half(value: int) -> float:
    return value / 2


def total(array) -> int:
    return int(array.sum())


class pypi_on_cluster(StepMutator):
    """Adds `@pypi` where a remote datastore is configured; deploy with `--environment=pypi`."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("pypi", deco_kwargs=self.kwargs)


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


def storable(value: Any) -> Any:
    """The result of a step, which must be no function: Metaflow would drop it without a word."""
    if isinstance(value, (FunctionType, MethodType)):
        raise TypeError(f"step {current.step_name!r} returned a function, which Metaflow does not store")
    return value


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


class SettingsIsolationFlow(FlowSpec):
    """settings_isolation"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.numbers, self.numbers_2)

    @step
    def numbers(self):
        """Run `numbers`."""
        with empty_folder():
            self.values = plain(numbers(self.n))
        self.next(self.squares)

    @pypi_on_cluster(packages={"numpy": "1.26.4"})
    @step
    def squares(self):
        """Run `squares`."""
        with empty_folder():
            self.array = storable(squares(self.values))
        self.next(self.bounds, self.total)

    @pypi_on_cluster(packages={"numpy": "1.26.4"})
    @step
    def bounds(self):
        """Run `bounds`."""
        with empty_folder():
            low, mean = bounds(self.array)
            self.low = plain(low)
            self.mean = plain(mean)
        self.next(self.write)

    @step
    def write(self):
        """Run `write`."""
        with empty_folder():
            self.file = pack(write(self.low, self.mean))
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.read_result = plain(read(unpack(self.file)))
        self.next(self.join_read_total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.array))
        self.next(self.join_read_total)

    @step
    def join_read_total(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["read_result", "total_result"])
        self.next(self.join)

    @step
    def numbers_2(self):
        """Run `numbers`."""
        with empty_folder():
            self.items = plain(numbers(self.n))
        self.next(self.list_value)

    @step
    def list_value(self):
        """List what `value` goes through."""
        self.any_value = bool(self.items)
        self.next({True: self.each_value, False: self.no_value}, condition="any_value")

    @step
    def each_value(self):
        """Start a task for each `value`."""
        self.next(self.half, foreach="items")

    @step
    def half(self):
        """Run `half`."""
        with empty_folder():
            self.half_result = plain(half(self.input + 1))
        self.next(self.gather_halves)

    @step
    def gather_halves(self, inputs):
        """Collect the results of each `value`, in order."""
        self.halves = [task.half_result for task in inputs]
        self.next(self.after)

    @step
    def no_value(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.halves = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["halves", "read_result", "total_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = {"text": self.read_result, "total": self.total_result, "halves": self.halves}


if __name__ == "__main__":
    SettingsIsolationFlow()
