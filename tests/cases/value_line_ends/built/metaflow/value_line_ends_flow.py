"""Line ends of constant texts arrive as they are: the last one, several, and those of other systems."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def echo(text: str, more: dict[str, list[str]]) -> list[object]:
    return [text, more]


def same(text: str) -> str:
    return text


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


class ValueLineEndsFlow(FlowSpec):
    """value_line_ends"""

    text = Parameter("text", default="one\n")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.each_t, self.echo, self.echo_2, self.echo_3)

    @step
    def each_t(self):
        """Start a task for each `t`."""
        self.t_values = list(("x\n", "y\r", self.text))
        self.next(self.same, foreach="t_values")

    @step
    def same(self):
        """Run `same`."""
        with empty_folder():
            self.same_result = plain(same(self.input))
        self.next(self.gather_twice)

    @step
    def gather_twice(self, inputs):
        """Collect the results of each `t`, in order."""
        self.twice = [task.same_result for task in inputs]
        self.next(self.join)

    @step
    def echo(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result = plain(echo("a\n\n", {"k": ["b\n", "c"]}))
        self.next(self.join)

    @step
    def echo_2(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_2 = plain(echo("d\r\ne", {"k": ["f\rg"]}))
        self.next(self.join)

    @step
    def echo_3(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_3 = plain(echo(self.text, {"k\n": ["\n"]}))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["echo_result", "echo_result_2", "echo_result_3", "twice"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.echo_result, self.echo_result_2, self.echo_result_3, self.twice]


if __name__ == "__main__":
    ValueLineEndsFlow()
