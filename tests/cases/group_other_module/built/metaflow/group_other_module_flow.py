"""A pipeline of another module, whose steps have the same names as ours and mean something else."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step

LIMIT = 2


def cleaning_read(n: int) -> list[str]:
    return [f"row {i}" for i in range(n)]


def cleaning_total(values: list[str]) -> str:
    return " + ".join(values[:LIMIT])


def load(n: int) -> str:
    return f"loaded {n}"


def read(n: int) -> list[int]:
    return [n, n + 1]


def total(values: list[int]) -> int:
    return sum(values)


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


class GroupOtherModuleFlow(FlowSpec):
    """group_other_module"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read, self.read_2, self.load)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.ours = plain(read(self.n))
        self.next(self.total_2)

    @step
    def total_2(self):
        """Run `total`."""
        with empty_folder():
            self.total_result_2 = plain(total(self.ours))
        self.next(self.join_total_2_total_load)

    @step
    def read_2(self):
        """Run `read`."""
        with empty_folder():
            self.values = plain(cleaning_read(self.n))
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(cleaning_total(self.values))
        self.next(self.join_total_2_total_load)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.load_result = plain(load(self.n))
        self.next(self.join_total_2_total_load)

    @step
    def join_total_2_total_load(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["load_result", "total_result", "total_result_2"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.total_result_2, self.total_result, self.load_result]


if __name__ == "__main__":
    GroupOtherModuleFlow()
