"""Fan-outs in which nothing is done: only what they go through may fail."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def halves(n: int) -> list[int]:
    return [n // 2]


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


class FanoutOfNothingFlow(FlowSpec):
    """fanout_of_nothing"""

    xs = Parameter("xs", type=JSONType, default="[1, 2]")
    n = Parameter("n", default=4)
    k = Parameter("k", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.halves)

    @step
    def halves(self):
        """Run `halves`."""
        with empty_folder():
            self.items = plain(halves(self.n))
        self.next(self.list_x_2)

    @step
    def list_x_2(self):
        """List what `x_2` goes through."""
        self.any_x_2 = bool(self.items)
        self.next({True: self.each_x_2, False: self.no_x_2}, condition="any_x_2")

    @step
    def each_x_2(self):
        """Start a task for each `x_2`."""
        self.next(self.compute_y, foreach="items")

    @step
    def compute_y(self):
        """Evaluate what the pipeline says."""
        self.y = self.input + 1
        self.next(self.join_x_2)

    @step
    def join_x_2(self, inputs):
        """Wait for all items."""
        self.next(self.end)

    @step
    def no_x_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `n`."""
        self.for_x_3_items = list([self.xs[self.n // self.k - 2]])
        self.for_x_4_items = list(range(8 // self.k))
        self.for_x_5_items = list(self.xs)


if __name__ == "__main__":
    FanoutOfNothingFlow()
