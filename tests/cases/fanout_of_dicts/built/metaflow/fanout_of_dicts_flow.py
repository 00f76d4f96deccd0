"""Items that are dicts and tuples, looked into inside the iteration."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def grid() -> list[dict]:
    return [{"depth": 1, "rates": (0.1, 0.2)}, {"depth": None, "rates": (0.3,)}]


def fit(depth: int | None, rate: float, label: str) -> str:
    return f"{label}:{depth}:{rate}"


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


class FanoutOfDictsFlow(FlowSpec):
    """fanout_of_dicts"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.grid)

    @step
    def grid(self):
        """Run `grid`."""
        with empty_folder():
            self.items = plain(grid())
        self.next(self.list_p)

    @step
    def list_p(self):
        """List what `p` goes through."""
        self.any_p = bool(self.items)
        self.next({True: self.each_p, False: self.no_p}, condition="any_p")

    @step
    def each_p(self):
        """Start a task for each `p`."""
        self.next(self.fit, foreach="items")

    @step
    def fit(self):
        """Run `fit`."""
        with empty_folder():
            self.fit_result = plain(fit(self.input["depth"], self.input["rates"][-1], f"d{self.input['depth']}"))
        self.next(self.gather_fit_results)

    @step
    def gather_fit_results(self, inputs):
        """Collect the results of each `p`, in order."""
        self.fit_results = [task.fit_result for task in inputs]
        self.next(self.end)

    @step
    def no_p(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.fit_results = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `fit_results`."""


if __name__ == "__main__":
    FanoutOfDictsFlow()
