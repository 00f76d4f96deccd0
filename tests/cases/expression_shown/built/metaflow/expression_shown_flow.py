"""`{x=}` in an f-string shows its own source: the same text on every target, whatever the value is called there."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def square(n: int) -> int:
    return n * n


def show(text: str) -> str:
    return text


def words() -> dict[str, str]:
    return {"key": "it's", "b": 'say "so"'}


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


class ExpressionShownFlow(FlowSpec):
    """expression_shown"""

    n = Parameter("n", default=3)
    rate = Parameter("rate", default=0.5)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.square, self.show_3, self.words)

    @step
    def square(self):
        """Run `square`."""
        with empty_folder():
            self.x = plain(square(self.n))
        self.next(self.square_2)

    @step
    def square_2(self):
        """Run `square`."""
        with empty_folder():
            self.x_2 = plain(square(self.x))
        self.next(self.show, self.show_2, self.show_5, self.show_6)

    @step
    def show(self):
        """Run `show`."""
        with empty_folder():
            self.first = plain(show(f"x={self.x_2!r}"))
        self.next(self.join)

    @step
    def show_2(self):
        """Run `show`."""
        with empty_folder():
            self.second = plain(show(f" x = {self.x_2!r} x={self.x_2!s:>5} x + 1={self.x_2 + 1!r}"))
        self.next(self.join)

    @step
    def show_5(self):
        """Run `show`."""
        with empty_folder():
            self.fifth = plain(show(f'[x for n in range(2)]={[self.x_2 for n in range(2)]!r} "a" if x else "b"={"a" if self.x_2 else "b"!r}'))  # fmt: skip
        self.next(self.join)

    @step
    def show_6(self):
        """Run `show`."""
        with empty_folder():
            self.sixth = plain(show(" ".join([f"{v=}{self.n}" for v in [self.x_2, self.n]])))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["fifth", "first", "second", "sixth", "x_2"])
        self.next(self.join_2)

    @step
    def show_3(self):
        """Run `show`."""
        with empty_folder():
            self.third = plain(show(f"rate={self.rate:.2f} n={self.n!r} {{x=}}"))
        self.next(self.join_2)

    @step
    def words(self):
        """Run `words`."""
        with empty_folder():
            self.found = plain(words())
        self.next(self.show_4)

    @step
    def show_4(self):
        """Run `show`."""
        with empty_folder():
            self.fourth = plain(show(f"found['key']={self.found['key']!r} {self.found['b']}"))
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["fifth", "first", "fourth", "second", "sixth", "third", "x_2"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.first, self.second, self.third, self.fourth, self.fifth, self.sixth, f"x={self.x_2!r}"]


if __name__ == "__main__":
    ExpressionShownFlow()
