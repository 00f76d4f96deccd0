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


def plain_step(kfp_task: int) -> int:
    return kfp_task


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
        self.kfp_value = self.n + 1
        self.items = (self.kfp_value, self.n)
        self.next(self.list_k, self.task, self.result)

    @step
    def list_k(self):
        """List what `k` goes through."""
        self.k_values = list(self.items)
        self.any_k = bool(self.k_values)
        self.next({True: self.each_k, False: self.no_k}, condition="any_k")

    @step
    def each_k(self):
        """Start a task for each `k`."""
        self.next(self.plain_step, foreach="k_values")

    @step
    def plain_step(self):
        """Run `plain_step`."""
        with metaflow_empty_folder():
            self.plain_step_result = metaflow_plain(plain_step(self.input))
        self.next(self.gather_plain_step_results)

    @step
    def gather_plain_step_results(self, inputs):
        """Collect the results of each `k`, in order."""
        self.merge_artifacts(inputs, include=["items", "kfp_value"])
        self.plain_step_results = [task.plain_step_result for task in inputs]
        self.next(self.after)

    @step
    def no_k(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.plain_step_results = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def task(self):
        """Run `task`."""
        with metaflow_empty_folder():
            self.task_result = metaflow_plain(task(self.n))
        self.next(self.join)

    @step
    def result(self):
        """Run `result`."""
        with metaflow_empty_folder():
            self.result_result = metaflow_plain(result(self.n))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs, include=["items", "kfp_value", "plain_step_results", "result_result", "task_result"]
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.kfp = {str(k): plain_step_result for k, plain_step_result in zip(self.items, self.plain_step_results)}
        self.result_2 = [self.task_result, self.result_result, self.kfp_value, self.kfp]


if __name__ == "__main__":
    NamesOfHelpersFlow()
