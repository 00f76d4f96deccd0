"""A step call inside an expression is a task too."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def measure(text: str) -> dict[str, int]:
    return {"length": len(text), "words": len(text.split())}


def add(a: int, b: int) -> int:
    return a + b


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


class TaskNestedCallsFlow(FlowSpec):
    """task_nested_calls"""

    text = Parameter("text", default="to be or not to be")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.measure, self.measure_2)

    @step
    def measure(self):
        """Run `measure`."""
        with empty_folder():
            self.measure_result = plain(measure(self.text))
        self.next(self.add_2)

    @step
    def measure_2(self):
        """Run `measure`."""
        with empty_folder():
            self.measure_result_2 = plain(measure(self.text))
        self.next(self.add)

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.add_result = plain(add(self.measure_result_2["words"], 1))
        self.next(self.add_2)

    @step
    def add_2(self, inputs):
        """Run `add`."""
        self.merge_artifacts(inputs, include=["add_result", "measure_result"])
        with empty_folder():
            self.add_result_2 = plain(add(self.measure_result["length"], self.add_result * 100))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `add_result_2`."""


if __name__ == "__main__":
    TaskNestedCallsFlow()
