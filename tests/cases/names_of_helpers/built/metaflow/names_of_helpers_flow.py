"""Steps and helpers under names that generated code uses for its own variables and helpers."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, step
from metaflow import current as metaflow_current

current = 8


def kfp_value(n):
    return n


def kfp_main(n):
    return n + 1


class KfpStored:
    size = 5


def to_xcom(n):
    return -n


def stored(n):
    return 2 * n


def empty_folder():
    return current


def plain(n):
    return n * 3


def task(n: int) -> list:
    return [kfp_value(n), kfp_main(n), KfpStored.size, to_xcom(n), stored(n)]


def result(n: int) -> list:
    return [empty_folder(), plain(n)]


@contextlib.contextmanager
def metaflow_empty_folder() -> Iterator[None]:
    """Run in an empty working folder, without standard input; a function that exits the process has failed."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # local runs leave it open: a function that reads it would wait for ever
        os.chdir(tempfile.mkdtemp(dir=folder))
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"step {metaflow_current.step_name!r} called sys.exit({error.code!r})") from error
        finally:
            os.chdir(before)


def metaflow_plain(value: Any) -> Any:
    """The result of a step as plain Python data: scalars of NumPy, enums and named tuples become what they hold."""
    for kind in (bool, str, int, float, bytes):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(metaflow_plain(item) for item in value)
    if isinstance(value, dict):
        return {metaflow_plain(key): metaflow_plain(item) for key, item in value.items()}
    if any(kind.__module__ == "numpy" and kind.__name__ == "generic" for kind in type(value).__mro__):
        item = value.item()
        if type(item) is not type(value):
            return metaflow_plain(item)
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"step {metaflow_current.step_name!r} returned a {name}, which cannot travel as a value; "
        f"annotate its result as an object artifact, such as `-> {type(value).__qualname__}` or `-> object`"
    )


class NamesOfHelpersFlow(FlowSpec):
    """names_of_helpers"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.task, self.result)

    @step
    def task(self):
        """Run `task`."""
        with metaflow_empty_folder():
            self.task_result = metaflow_plain(task(self.n))
        self.next(self.join_task_result)

    @step
    def result(self):
        """Run `result`."""
        with metaflow_empty_folder():
            self.result_result = metaflow_plain(result(self.n))
        self.next(self.join_task_result)

    @step
    def join_task_result(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["result_result", "task_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result_2 = [self.task_result, self.result_result]


if __name__ == "__main__":
    NamesOfHelpersFlow()
