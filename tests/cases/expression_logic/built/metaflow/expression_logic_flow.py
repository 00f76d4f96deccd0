"""Comparisons, chains, `and`, `or`, `not`, `in` and `is` keep Python's short circuits and results."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def number(n: int) -> int:
    return n


def nothing() -> None:
    return None


def words() -> list[str]:
    return ["a", "b"]


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


class ExpressionLogicFlow(FlowSpec):
    """expression_logic"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.number, self.nothing, self.words)

    @step
    def number(self):
        """Run `number`."""
        with empty_folder():
            self.two = plain(number(2))
        self.next(self.join_number_nothing_words)

    @step
    def nothing(self):
        """Run `nothing`."""
        with empty_folder():
            self.none = plain(nothing())
        self.next(self.join_number_nothing_words)

    @step
    def words(self):
        """Run `words`."""
        with empty_folder():
            self.letters = plain(words())
        self.next(self.join_number_nothing_words)

    @step
    def join_number_nothing_words(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["letters", "none", "two"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [
            1 < self.two < 3,
            self.two == 2.0,
            self.two != 2,
            self.none is None,
            self.two is not None,
            "a" in self.letters,
            "c" not in self.letters,
            self.two and self.letters,
            self.none or self.two,
            self.none and self.two,
            not self.letters,
            self.none is None or self.two / 0 > 1,
        ]


if __name__ == "__main__":
    ExpressionLogicFlow()
