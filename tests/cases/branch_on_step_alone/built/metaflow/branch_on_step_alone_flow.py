"""A step that is asked for nothing but whether to go on: on Airflow it short-circuits the DAG itself."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, retry, step


def load(n: int) -> int:
    return n + 1


def is_odd(n: int, least: int = 0) -> bool:
    if n < least:
        raise ValueError(f"{n} is too small")
    return n % 2 == 1


def note(text: str) -> None:
    return None


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


class BranchOnStepAloneFlow(FlowSpec):
    """branch_on_step_alone"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.rows = plain(load(self.n))
        self.next(self.load_2, self.is_odd)

    @step
    def load_2(self):
        """Run `load`."""
        with empty_folder():
            self.more = plain(load(self.rows))
        self.next(self.join_load_2_is_odd)

    @retry(times=1)
    @step
    def is_odd(self):
        """Run `is_odd`."""
        with empty_folder():
            self.odd = plain(is_odd(self.rows, 1))
        self.next(self.join_load_2_is_odd)

    @step
    def join_load_2_is_odd(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["more", "odd", "rows"])
        self.next(self.check_odd)

    @step
    def check_odd(self):
        """Choose a branch."""
        self.if_odd = bool(self.odd)
        self.next({True: self.note, False: self.skip_odd}, condition="if_odd")

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(f"{self.rows} is odd, {self.more} is not")
        self.if_rows = self.rows > 5
        self.next({True: self.note_2, False: self.skip_rows}, condition="if_rows")

    @step
    def note_2(self):
        """Run `note`."""
        with empty_folder():
            note("large")
        self.next(self.end)

    @step
    def skip_rows(self):
        """There is nothing to do in this branch."""
        self.next(self.end)

    @step
    def skip_odd(self):
        """There is nothing to do in this branch."""
        self.next(self.end)

    @step
    def end(self):
        """Finish the flow."""


if __name__ == "__main__":
    BranchOnStepAloneFlow()
