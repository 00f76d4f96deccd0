"""Somebody is told when a step has failed for good, in a loop and outside; not of runs on one's own machine."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, retry, step
from metaflow.metaflow_config import DEFAULT_DATASTORE

CHANNEL = "#ml-alerts"


def page(message: str, urgent: bool = True) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}{'!' if urgent else ''}\n")


def divide(n: int, by: int) -> float:
    return n / by


def half(n: float) -> float:
    return n / 2


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


@contextlib.contextmanager
def telling(tell: Callable[[str], Any], step: str, retries: int = 0) -> Iterator[None]:
    """Call `tell` with a message once the step has failed for good; of runs with a local datastore nobody is told."""
    try:
        yield
    except Exception as error:
        if current.retry_count >= retries and DEFAULT_DATASTORE != "local":
            tell(f"step {step} has failed: {error}")
        raise


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


class SettingsToldFlow(FlowSpec):
    """settings_told"""

    n = Parameter("n", default=12)
    by = Parameter("by", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.divide)

    @retry(times=1)
    @step
    def divide(self):
        """Run `divide`."""
        with telling(page, "divide", retries=1):
            with empty_folder():
                self.first = plain(divide(self.n, self.by))
        self.next(self.list_i)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.i_values = list(range(2))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.half, foreach="i_values")

    @step
    def half(self):
        """Run `half`."""
        with telling(page, "half"):
            with empty_folder():
                self.half_result = plain(half(self.first))
        self.next(self.gather_half_results)

    @step
    def gather_half_results(self, inputs):
        """Collect the results of each `i`, in order."""
        self.half_results = [task.half_result for task in inputs]
        self.next(self.end)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.half_results = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `half_results`."""


if __name__ == "__main__":
    SettingsToldFlow()
