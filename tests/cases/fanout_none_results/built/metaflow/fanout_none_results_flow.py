"""Iterations may give `None`, and keep their places."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def find(n: int) -> int | None:
    return n if n % 2 else None


def count(found: list[int | None]) -> int:
    return sum(1 for f in found if f is None)


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


class FanoutNoneResultsFlow(FreshArtifacts, FlowSpec):
    """fanout_none_results"""

    n = Parameter("n", default=5)

    @step
    def start(self):
        """Start the flow."""
        self.i_values = list(range(self.n))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.find, foreach="i_values")

    @step
    def find(self):
        """Run `find`."""
        with empty_folder():
            self.find_result = plain(find(self.input))
        self.next(self.gather_found)

    @step
    def gather_found(self, inputs):
        """Collect the results of each `i`, in order."""
        self.found = [task.find_result for task in inputs]
        self.next(self.count)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.found = []
        self.next(self.count)

    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.count_result = plain(count(self.found))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.found, self.count_result]


if __name__ == "__main__":
    FanoutNoneResultsFlow()
