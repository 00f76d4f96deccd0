"""`_ = f()` is a task and no effect; a result that nobody reads need not be storable."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def make_lock():
    return threading.Lock()


def answer() -> int:
    return 42


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


class TaskResultUnusedFlow(FlowSpec):
    """task_result_unused"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.make_lock, self.make_lock_2, self.answer)

    @step
    def make_lock(self):
        """Run `make_lock`."""
        with empty_folder():
            make_lock()
        self.next(self.join_make_lock_make_lock_2_answer)

    @step
    def make_lock_2(self):
        """Run `make_lock`."""
        with empty_folder():
            make_lock()
        self.next(self.join_make_lock_make_lock_2_answer)

    @step
    def answer(self):
        """Run `answer`."""
        with empty_folder():
            self.answer_result = plain(answer())
        self.next(self.join_make_lock_make_lock_2_answer)

    @step
    def join_make_lock_make_lock_2_answer(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["answer_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `answer_result`."""


if __name__ == "__main__":
    TaskResultUnusedFlow()
