"""A sub-pipeline with effects waits for what it reads, also where nothing but that value says so."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def make(n: int) -> int:
    return n + 1


def note(n: int) -> None:
    """Told."""


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


class ParallelGroupReadsFlow(FlowSpec):
    """parallel_group_reads"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.make, self.make_3)

    @step
    def make(self):
        """Run `make`."""
        with empty_folder():
            self.n_2 = plain(make(self.n))
        self.next(self.make_2)

    @step
    def make_2(self):
        """Run `make`."""
        with empty_folder():
            self.first = plain(make(self.n_2))
        self.next(self.check_n)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 0
        self.next({True: self.note, False: self.skip_n}, condition="if_n")

    @step
    def note(self):
        """Told."""
        with empty_folder():
            note(self.first)
        self.next(self.make_4)

    @step
    def make_4(self):
        """Run `make`."""
        with empty_folder():
            self.third_2 = plain(make(self.first))
        self.next(self.after)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.third_2 = 0
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def make_3(self):
        """Run `make`."""
        with empty_folder():
            self.second = plain(make(self.n))
        self.next(self.note_2)

    @step
    def note_2(self):
        """Told."""
        with empty_folder():
            note(self.second)
        self.next(self.make_5)

    @step
    def make_5(self):
        """Run `make`."""
        with empty_folder():
            self.make_result_2 = plain(make(self.second))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["make_result_2", "third_2"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.third_2, self.make_result_2]


if __name__ == "__main__":
    ParallelGroupReadsFlow()
