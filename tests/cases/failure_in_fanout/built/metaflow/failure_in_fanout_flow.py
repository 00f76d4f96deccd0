"""One iteration that fails fails the run, and the reducer does not run."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def shards(n: int) -> list[int]:
    return list(range(n))


def work(shard: int) -> int:
    if shard == 2:
        raise ValueError(f"shard {shard} is broken")
    return shard


def total(parts: list[int]) -> int:
    return sum(parts)


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


class FailureInFanoutFlow(FlowSpec):
    """failure_in_fanout"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.shards)

    @step
    def shards(self):
        """Run `shards`."""
        with empty_folder():
            self.items = plain(shards(self.n))
        self.next(self.list_s)

    @step
    def list_s(self):
        """List what `s` goes through."""
        self.any_s = bool(self.items)
        self.next({True: self.each_s, False: self.no_s}, condition="any_s")

    @step
    def each_s(self):
        """Start a task for each `s`."""
        self.next(self.work, foreach="items")

    @step
    def work(self):
        """Run `work`."""
        with empty_folder():
            self.work_result = plain(work(self.input))
        self.next(self.gather_parts)

    @step
    def gather_parts(self, inputs):
        """Collect the results of each `s`, in order."""
        self.parts = [task.work_result for task in inputs]
        self.next(self.total)

    @step
    def no_s(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.parts = []
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.parts))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `total_result`."""


if __name__ == "__main__":
    FailureInFanoutFlow()
