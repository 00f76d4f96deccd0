"""A name keeps its meaning: locals named like what an alias or `module.name` stands for, and builtins hidden elsewhere."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def others_scale_2(n):
    return -n


def largest(*numbers):
    return max(numbers)


def apply(n):
    others_scale = 100
    return others_scale_2(n) + others_scale


def tools_scale(n):
    return 2 * n


def max_(n):
    return f"largest {n}"


def length(items):
    return len(items)


tools_RATE = 3


def len_(items):
    return 42


def local(n: int) -> list:
    scale = tools_scale(n)
    RATE = 5
    return [scale, tools_scale(scale), RATE, tools_RATE, [tools_scale(scale) for scale in range(2)]]


def parameter(scale: int) -> list:
    others_scale = others_scale_2(scale)
    return [tools_scale(scale), others_scale, apply(scale)]


def hidden(n: int) -> list:
    return [max_(n), max_(n), max(n, 7), largest(n, 8), length([n]), len_([n])]


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


class CodeNamesHiddenFlow(FlowSpec):
    """code_names_hidden"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.local, self.parameter, self.hidden)

    @step
    def local(self):
        """Run `local`."""
        with empty_folder():
            self.local_result = plain(local(self.n))
        self.next(self.join_local_parameter_hidden)

    @step
    def parameter(self):
        """Run `parameter`."""
        with empty_folder():
            self.parameter_result = plain(parameter(self.n))
        self.next(self.join_local_parameter_hidden)

    @step
    def hidden(self):
        """Run `hidden`."""
        with empty_folder():
            self.hidden_result = plain(hidden(self.n))
        self.next(self.join_local_parameter_hidden)

    @step
    def join_local_parameter_hidden(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["hidden_result", "local_result", "parameter_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.local_result, self.parameter_result, self.hidden_result]


if __name__ == "__main__":
    CodeNamesHiddenFlow()
