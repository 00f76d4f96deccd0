"""The last items are done first, and the results keep the order of the items."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def wait_and_square(n: int) -> int:
    time.sleep(0.3 if n < 3 else 0)
    return n * n


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


class FanoutOutOfOrderFlow(FlowSpec):
    """fanout_out_of_order"""

    @step
    def start(self):
        """Start the flow."""
        self.n_values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
        self.next(self.wait_and_square, foreach="n_values")

    @step
    def wait_and_square(self):
        """Run `wait_and_square`."""
        with empty_folder():
            self.wait_and_square_result = plain(wait_and_square(self.input))
        self.next(self.gather_wait_and_square_results)

    @step
    def gather_wait_and_square_results(self, inputs):
        """Collect the results of each `n`, in order."""
        self.wait_and_square_results = [task.wait_and_square_result for task in inputs]
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `wait_and_square_results`."""


if __name__ == "__main__":
    FanoutOutOfOrderFlow()
