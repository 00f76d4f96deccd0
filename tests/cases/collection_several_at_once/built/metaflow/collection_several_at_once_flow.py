"""`a, b = [], []` creates collections of their own, that are filled like those of a statement each."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def numbers(n: int) -> list[int]:
    return list(range(1, n + 1))


def square(x: int) -> int:
    return x * x


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


class CollectionSeveralAtOnceFlow(FlowSpec):
    """collection_several_at_once"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.square, self.numbers, self.each_k, self.check_n)

    @step
    def square(self):
        """Run `square`."""
        with empty_folder():
            self.square_result = plain(square(self.n))
        self.next(self.join)

    @step
    def numbers(self):
        """Run `numbers`."""
        with empty_folder():
            self.items = plain(numbers(self.n))
        self.next(self.list_i)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.any_i = bool(self.items)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.square_2, foreach="items")

    @step
    def square_2(self):
        """Run `square`."""
        with empty_folder():
            self.s = plain(square(self.input))
        self.next(self.gather_s_by_i)

    @step
    def gather_s_by_i(self, inputs):
        """Collect the results of each `i`, in order."""
        self.merge_artifacts(inputs, include=["items"])
        self.s_by_i = [task.s for task in inputs]
        self.next(self.after)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.s_by_i = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def each_k(self):
        """Start a task for each `k`."""
        self.k_values = [1, 2]
        self.next(self.square_3, foreach="k_values")

    @step
    def square_3(self):
        """Run `square`."""
        with empty_folder():
            self.small_item = plain(square(self.input))
        self.next(self.gather_small_items)

    @step
    def gather_small_items(self, inputs):
        """Collect the results of each `k`, in order."""
        self.small_items = [task.small_item for task in inputs]
        self.next(self.join)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 2
        self.next({True: self.only_n, False: self.skip_n}, condition="if_n")

    @step
    def only_n(self):
        """Set what the branches have in common."""
        self.first_items = [7]
        self.next(self.after_2)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.first_items = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["first_items", "items", "s_by_i", "small_items", "square_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.names = {str(i): s + 1 for i, s in zip(self.items, self.s_by_i)}
        self.large = [self.square_result for k in [1, 2]]
        self.small = [*self.small_items, self.square_result]
        self.result = [self.s_by_i, self.names, self.small, self.large, self.first_items]


if __name__ == "__main__":
    CollectionSeveralAtOnceFlow()
