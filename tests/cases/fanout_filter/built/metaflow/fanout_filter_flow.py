"""A comprehension with `if`: only the chosen items are called for."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def items() -> list[int]:
    return [5, 2, 9, 4]


def work(n: int) -> int:
    return n * 2


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


class FanoutFilterFlow(FlowSpec):
    """fanout_filter"""

    limit = Parameter("limit", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.items)

    @step
    def items(self):
        """Run `items`."""
        with empty_folder():
            self.items_2 = plain(items())
        self.next(self.list_n)

    @step
    def list_n(self):
        """List what `n` goes through."""
        self.n_values = list([n for n in self.items_2 if n > self.limit])
        self.any_n = bool(self.n_values)
        self.next({True: self.each_n, False: self.no_n}, condition="any_n")

    @step
    def each_n(self):
        """Start a task for each `n`."""
        self.next(self.work, foreach="n_values")

    @step
    def work(self):
        """Run `work`."""
        with empty_folder():
            self.work_result = plain(work(self.input))
        self.next(self.gather_work_results)

    @step
    def gather_work_results(self, inputs):
        """Collect the results of each `n`, in order."""
        self.work_results = [task.work_result for task in inputs]
        self.next(self.end)

    @step
    def no_n(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.work_results = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `work_results`."""


if __name__ == "__main__":
    FanoutFilterFlow()
