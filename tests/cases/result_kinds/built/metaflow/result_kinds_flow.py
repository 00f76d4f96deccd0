"""The result may be any expression over values and tasks: here a dict of constants, parameters and results."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def number(n: int) -> int:
    return n


def pair() -> tuple[int, str]:
    return 1, "a"


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


class ResultKindsFlow(FlowSpec):
    """result_kinds"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.pair, self.number, self.number_2)

    @step
    def pair(self):
        """Run `pair`."""
        with empty_folder():
            self.p = plain(pair())
        self.next(self.join_pair_number_number_2)

    @step
    def number(self):
        """Run `number`."""
        with empty_folder():
            self.number_result = plain(number(self.n))
        self.next(self.join_pair_number_number_2)

    @step
    def number_2(self):
        """Run `number`."""
        with empty_folder():
            self.number_result_2 = plain(number(self.n + 1))
        self.next(self.join_pair_number_number_2)

    @step
    def join_pair_number_number_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["number_result", "number_result_2", "p"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = {
            "constant": 1,
            "parameter": self.n,
            "task": self.number_result,
            "expression": self.number_result_2 * 2,
            "pair": self.p,
            "t": (self.n, self.p[1]),
        }


if __name__ == "__main__":
    ResultKindsFlow()
