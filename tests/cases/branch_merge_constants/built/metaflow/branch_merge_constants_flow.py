"""Arms that only bind constants and expressions, without a task of their own."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def read(n: int) -> int:
    return n


def fit(rate: float, depth: int | None) -> str:
    return f"rate {rate}, depth {depth}"


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


class BranchMergeConstantsFlow(FlowSpec):
    """branch_merge_constants"""

    n = Parameter("n", default=50)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.rows = plain(read(self.n))
        self.if_rows = self.rows > 100
        self.next({True: self.only_rows, False: self.compute_rate}, condition="if_rows")

    @step
    def only_rows(self):
        """Set what the branches have in common."""
        self.rate = 0.1
        self.depth = None
        self.next(self.fit)

    @step
    def compute_rate(self):
        """Compute `rate`."""
        self.rate = 1 / self.rows
        self.depth = 3
        self.next(self.fit)

    @step
    def fit(self):
        """Run `fit`."""
        with empty_folder():
            self.fit_result = plain(fit(self.rate, self.depth))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `fit_result`."""


if __name__ == "__main__":
    BranchMergeConstantsFlow()
