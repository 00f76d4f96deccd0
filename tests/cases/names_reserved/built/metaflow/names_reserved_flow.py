"""Steps, values and parameters under names that mean something to an orchestrator."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def start(input: int) -> int:
    return input


def next_(self: int, index: int = 1) -> int:
    return self + index


def end(name: int, cmd: int) -> list[int]:
    return [name, cmd]


def join(inputs: list[int], context: int) -> int:
    return sum(inputs) * context


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


class NamesReservedFlow(FlowSpec):
    """names_reserved"""

    dag = Parameter("dag", default=1)
    run_id_ = Parameter("run_id_", default=2)
    params_ = Parameter("params_", default=3)
    task = Parameter("task", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.start_2)

    @step
    def start_2(self):
        """Run `start`."""
        with empty_folder():
            self.self = plain(start(self.dag))
        self.next(self.next_2)

    @step
    def next_2(self):
        """Run `next`."""
        with empty_folder():
            self.input_2 = plain(next_(self.self, self.run_id_))
        self.next(self.next_2_2)

    @step
    def next_2_2(self):
        """Run `next`."""
        with empty_folder():
            self.name_2 = plain(next_(self.input_2, self.params_))
        self.next(self.end_2)

    @step
    def end_2(self):
        """Run `end`."""
        with empty_folder():
            self.foreach_stack_2 = plain(end(self.name_2, self.task))
        self.next(self.join)

    @step
    def join(self):
        """Run `join`."""
        with empty_folder():
            self.merge_artifacts_2 = plain(join(self.foreach_stack_2, self.dag))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.self, self.input_2, self.name_2, self.merge_artifacts_2]


if __name__ == "__main__":
    NamesReservedFlow()
