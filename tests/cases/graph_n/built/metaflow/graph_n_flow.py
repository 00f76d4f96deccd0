"""The smallest graph that is not series-parallel: a -> c, a -> d, b -> d."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def one(name: str) -> str:
    return name


def join(*parts: str) -> str:
    return "(" + " ".join(parts) + ")"


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


class GraphNFlow(FlowSpec):
    """graph_n"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.one, self.one_2)

    @step
    def one(self):
        """Run `one`."""
        with empty_folder():
            self.a = plain(one("a"))
        self.next(self.join_one_one_2)

    @step
    def one_2(self):
        """Run `one`."""
        with empty_folder():
            self.b = plain(one("b"))
        self.next(self.join_one_one_2)

    @step
    def join_one_one_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["a", "b"])
        self.next(self.fork)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.join, self.join_2)

    @step
    def join(self):
        """Run `join`."""
        with empty_folder():
            self.c = plain(join(self.a, "c"))
        self.next(self.join_join_join_2)

    @step
    def join_2(self):
        """Run `join`."""
        with empty_folder():
            self.d = plain(join(self.a, self.b, "d"))
        self.next(self.join_join_join_2)

    @step
    def join_join_join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["c", "d"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.c, self.d]


if __name__ == "__main__":
    GraphNFlow()
