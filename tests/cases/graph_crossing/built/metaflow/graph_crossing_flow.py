"""Crossing edges over several levels: every join takes another pair of the level above."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def one(name: str) -> str:
    return name


def join(a: str, b: str) -> str:
    return f"({a}{b})"


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


class GraphCrossingFlow(FlowSpec):
    """graph_crossing"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.one, self.one_2, self.one_3)

    @step
    def one(self):
        """Run `one`."""
        with empty_folder():
            self.a = plain(one("a"))
        self.next(self.join_one_one_2_one_3)

    @step
    def one_2(self):
        """Run `one`."""
        with empty_folder():
            self.b = plain(one("b"))
        self.next(self.join_one_one_2_one_3)

    @step
    def one_3(self):
        """Run `one`."""
        with empty_folder():
            self.c = plain(one("c"))
        self.next(self.join_one_one_2_one_3)

    @step
    def join_one_one_2_one_3(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["a", "b", "c"])
        self.next(self.fork)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.join, self.join_2, self.join_3)

    @step
    def join(self):
        """Run `join`."""
        with empty_folder():
            self.d = plain(join(self.a, self.b))
        self.next(self.join_join_join_2_join_3)

    @step
    def join_2(self):
        """Run `join`."""
        with empty_folder():
            self.e = plain(join(self.b, self.c))
        self.next(self.join_join_join_2_join_3)

    @step
    def join_3(self):
        """Run `join`."""
        with empty_folder():
            self.f = plain(join(self.a, self.c))
        self.next(self.join_join_join_2_join_3)

    @step
    def join_join_join_2_join_3(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["a", "d", "e", "f"])
        self.next(self.fork_2)

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.fork_3, self.join_6)

    @step
    def fork_3(self):
        """Start the parallel branches."""
        self.next(self.join_4, self.join_5)

    @step
    def join_4(self):
        """Run `join`."""
        with empty_folder():
            self.g = plain(join(self.d, self.e))
        self.next(self.join_7)

    @step
    def join_5(self):
        """Run `join`."""
        with empty_folder():
            self.h = plain(join(self.e, self.f))
        self.next(self.join_7)

    @step
    def join_7(self, inputs):
        """Run `join`."""
        self.merge_artifacts(inputs, include=["f", "g", "h"])
        with empty_folder():
            self.join_result = plain(join(self.g, self.h))
        self.next(self.join_join_7_join_6)

    @step
    def join_6(self):
        """Run `join`."""
        with empty_folder():
            self.i = plain(join(self.d, self.a))
        self.next(self.join_join_7_join_6)

    @step
    def join_join_7_join_6(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["f", "i", "join_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.join_result, self.i, self.f]


if __name__ == "__main__":
    GraphCrossingFlow()
