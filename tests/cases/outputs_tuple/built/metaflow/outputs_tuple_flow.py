"""`tuple[A, B]` that the body unpacks is one output for each element; the whole tuple is still there to pass on."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def split(numbers: list[int]) -> tuple[list[int], list[int], int]:
    even = [n for n in numbers if n % 2 == 0]
    return even, [n for n in numbers if n % 2], len(even)


def total(numbers: list[int]) -> int:
    return sum(numbers)


def lengths(parts: tuple[list[int], list[int], int]) -> list[int]:
    return [len(parts[0]), len(parts[1]), parts[2]]


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


class OutputsTupleFlow(FreshArtifacts, FlowSpec):
    """outputs_tuple"""

    numbers = Parameter("numbers", type=JSONType, default="[1, 2, 3, 4, 6]")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.split)

    @step
    def split(self):
        """Run `split`."""
        with empty_folder():
            even, odd, n = split(self.numbers)
            self.even = plain(even)
            self.odd = plain(odd)
            self.n = plain(n)
        self.next(self.split_2, self.total, self.total_2)

    @step
    def split_2(self):
        """Run `split`."""
        with empty_folder():
            self.whole = plain(split([self.n, self.n + 1]))
        self.next(self.lengths)

    @step
    def lengths(self):
        """Run `lengths`."""
        with empty_folder():
            self.lengths_result = plain(lengths(self.whole))
        self.next(self.join_lengths_total_total_2)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.even))
        self.next(self.join_lengths_total_total_2)

    @step
    def total_2(self):
        """Run `total`."""
        with empty_folder():
            self.total_result_2 = plain(total(self.odd))
        self.next(self.join_lengths_total_total_2)

    @step
    def join_lengths_total_total_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["lengths_result", "n", "total_result", "total_result_2", "whole"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.first = self.whole[0]
        self.second = self.whole[1]
        self.third = self.whole[2]
        self.result = [
            self.total_result,
            self.total_result_2,
            self.n,
            self.lengths_result,
            self.whole[1],
            self.first,
            self.second,
            self.third,
        ]


if __name__ == "__main__":
    OutputsTupleFlow()
