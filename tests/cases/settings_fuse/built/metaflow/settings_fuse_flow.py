"""`fuse="name"`: steps that read one another's results share a task, and see copies of what others read too."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, StepMutator, current, step
from metaflow.metaflow_config import DEFAULT_DATASTORE


@dataclass
class Table:
    rows: list[int]


def load(n: int) -> Table:
    return Table(list(range(n)))


def clean(table: Table, least: int = 1) -> Table:
    table.rows = [row for row in table.rows if row >= least]
    return table


def count(table: Table, cleaned: Table) -> int:
    return len(table.rows) - len(cleaned.rows)


def render(rows: list[int]) -> Path:
    path = Path("report.txt")
    path.write_text(f"{rows}\n")
    return path


def sign(report: Path, name: str) -> Path:
    signed = Path("signed.txt")
    signed.write_text(report.read_text() + name + "\n")
    return signed


def halves(table: Table) -> tuple[list[int], list[int]]:
    middle = len(table.rows) // 2
    return table.rows[:middle], table.rows[middle:]


def longest(left: list[int], right: list[int], other: int) -> int:
    return max(len(left), len(right), other)


def signing(rows: list[int], name, i) -> Path:
    report = render(rows)
    return sign(report, f"{name}-{i}")


def preparation(n: int) -> tuple[Table, Table, int]:
    table = load(n)
    cleaned = clean(deepcopy(table), least=2)
    dropped = count(deepcopy(table), deepcopy(cleaned))
    return table, cleaned, dropped


def split(cleaned: Table, dropped) -> tuple[list[int], list[int], int]:
    left, right = halves(cleaned)
    size = longest(deepcopy(left), deepcopy(right), dropped - 1)
    return left, right, size


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


class on_kubernetes(StepMutator):
    """Adds `@kubernetes` where a remote datastore is configured, so that the flow also runs without a cluster."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("kubernetes", deco_kwargs=self.kwargs)


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


class SettingsFuseFlow(FreshArtifacts, FlowSpec):
    """settings_fuse"""

    n = Parameter("n", default=5)
    name_ = Parameter("name_", default="me")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.preparation)

    @on_kubernetes(cpu=2, memory=2147.483648)
    @step
    def preparation(self):
        """Run `preparation`."""
        with empty_folder():
            self.table, self.cleaned, dropped = preparation(self.n)
            self.dropped = plain(dropped)
        self.next(self.split)

    @step
    def split(self):
        """Run `split`."""
        with empty_folder():
            left, right, size = split(self.cleaned, self.dropped)
            self.left = plain(left)
            self.right = plain(right)
            self.size = plain(size)
        self.next(self.list_i)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.i_values = list(enumerate([self.left, self.right]))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.signing, foreach="i_values")

    @step
    def signing(self):
        """Run `signing`."""
        i, rows = self.input
        with empty_folder():
            self.sign_result = pack(signing(rows, self.name_, i))
        self.next(self.gather_files)

    @step
    def gather_files(self, inputs):
        """Collect the results of each `i`, in order."""
        self.merge_artifacts(inputs, include=["cleaned", "dropped", "size", "table"])
        self.files = [task.sign_result for task in inputs]
        self.next(self.end)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.files = []
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.table, self.cleaned, self.dropped, self.size, self.files]


if __name__ == "__main__":
    SettingsFuseFlow()
