"""What is constant is evaluated at build time, with Python's own rules."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def echo(value: object) -> list:
    return [value]


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


class ExpressionConstantFlow(FlowSpec):
    """expression_constant"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.echo, self.echo_2, self.echo_3, self.echo_4, self.echo_5, self.echo_6)

    @step
    def echo(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result = plain(echo(5))
        self.next(self.join)

    @step
    def echo_2(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_2 = plain(echo("005-'xx'"))
        self.next(self.join)

    @step
    def echo_3(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_3 = plain(echo([1, 9]))
        self.next(self.join)

    @step
    def echo_4(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_4 = plain(echo({"1": 0.5, "2": 1.0, "3": 1.5}))
        self.next(self.join)

    @step
    def echo_5(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_5 = plain(echo(True))
        self.next(self.join)

    @step
    def echo_6(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_6 = plain(echo(1))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs,
            include=[
                "echo_result",
                "echo_result_2",
                "echo_result_3",
                "echo_result_4",
                "echo_result_5",
                "echo_result_6",
            ],
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [
            self.echo_result,
            self.echo_result_2,
            self.echo_result_3,
            self.echo_result_4,
            self.echo_result_5,
            self.echo_result_6,
        ]


if __name__ == "__main__":
    ExpressionConstantFlow()
