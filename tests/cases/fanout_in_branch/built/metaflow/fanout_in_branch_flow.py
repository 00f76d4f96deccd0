"""A fan-out inside an arm of a branch, its list merged with one from the other arm."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def read(n: int) -> list[int]:
    return list(range(n))


def square(n: int) -> int:
    return n * n


def total(ns: list[int]) -> int:
    return sum(ns)


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


class FanoutInBranchFlow(FreshArtifacts, FlowSpec):
    """fanout_in_branch"""

    n = Parameter("n", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.rows = plain(read(self.n))
        self.if_len = len(self.rows) > 2
        self.next({True: self.list_r, False: self.skip_len}, condition="if_len")

    @step
    def list_r(self):
        """List what `r` goes through."""
        self.any_r = bool(self.rows)
        self.next({True: self.each_r, False: self.no_r}, condition="any_r")

    @step
    def each_r(self):
        """Start a task for each `r`."""
        self.next(self.square, foreach="rows")

    @step
    def square(self):
        """Run `square`."""
        with empty_folder():
            self.square_result = plain(square(self.input))
        self.next(self.gather_out)

    @step
    def gather_out(self, inputs):
        """Collect the results of each `r`, in order."""
        self.out = [task.square_result for task in inputs]
        self.next(self.total)

    @step
    def no_r(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.out = []
        self.next(self.total)

    @step
    def skip_len(self):
        """Set what the branches have in common."""
        self.out = []
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.out))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.out, self.total_result]


if __name__ == "__main__":
    FanoutInBranchFlow()
