"""`for` with `append` means the same as a comprehension; several lists may be filled, and names stay inside."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def shards(n: int) -> list[int]:
    return list(range(10, 10 + n))


def load(shard: int) -> list[int]:
    return [shard] * (shard % 5)


def mean(rows: list[int]) -> float | None:
    return sum(rows) / len(rows) if rows else None


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


class FanoutLoopAppendFlow(FreshArtifacts, FlowSpec):
    """fanout_loop_append"""

    n = Parameter("n", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.shards, self.each_k)

    @step
    def shards(self):
        """Run `shards`."""
        with empty_folder():
            self.items = plain(shards(self.n))
        self.next(self.list_shard)

    @step
    def list_shard(self):
        """List what `shard` goes through."""
        self.any_shard = bool(self.items)
        self.next({True: self.each_shard, False: self.no_shard}, condition="any_shard")

    @step
    def each_shard(self):
        """Start a task for each `shard`."""
        self.next(self.load, foreach="items")

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.rows = plain(load(self.input))
        self.next(self.mean)

    @step
    def mean(self):
        """Run `mean`."""
        with empty_folder():
            self.means_item = plain(mean(self.rows))
        self.next(self.gather_rows_by_shard)

    @step
    def gather_rows_by_shard(self, inputs):
        """Collect the results of each `shard`, in order."""
        self.rows_by_shard = [task.rows for task in inputs]
        self.means_items = [task.means_item for task in inputs]
        self.next(self.after)

    @step
    def no_shard(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.rows_by_shard = []
        self.means_items = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def each_k(self):
        """Start a task for each `k`."""
        self.k_values = [1, 2]
        self.next(self.mean_2, foreach="k_values")

    @step
    def mean_2(self):
        """Run `mean`."""
        with empty_folder():
            self.constants_item = plain(mean([self.input, self.input + 1]))
        self.next(self.gather_constants_items)

    @step
    def gather_constants_items(self, inputs):
        """Collect the results of each `k`, in order."""
        self.constants_items = [task.constants_item for task in inputs]
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["constants_items", "means_items", "rows_by_shard"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        rows_by_shard = self.rows_by_shard
        self.counts = [len(rows) for rows in rows_by_shard]
        self.result = [self.counts, self.means_items, self.constants_items]


if __name__ == "__main__":
    FanoutLoopAppendFlow()
