"""Tasks beside a branch that nothing orders against it, read together with what the branch merged."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def one(n: int) -> int:
    return n


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


class GraphBranchBesideTasksFlow(FlowSpec):
    """graph_branch_beside_tasks"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.one, self.one_2)

    @step
    def one(self):
        """Run `one`."""
        with empty_folder():
            self.a = plain(one(self.n))
        self.next(self.join_one_one_2)

    @step
    def one_2(self):
        """Run `one`."""
        with empty_folder():
            self.b = plain(one(self.n * 10))
        self.next(self.join_one_one_2)

    @step
    def join_one_one_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["a", "b"])
        self.next(self.fork)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.check_a, self.add_4)

    @step
    def check_a(self):
        """Choose a branch."""
        self.if_a = self.a > 2
        self.next({True: self.add, False: self.add_3}, condition="if_a")

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.c = plain(add(self.a, 1))
        self.next(self.add_2)

    @step
    def add_2(self):
        """Run `add`."""
        with empty_folder():
            self.side = plain(add(self.c, 1))
        self.next(self.after_add_2_add_3)

    @step
    def add_3(self):
        """Run `add`."""
        with empty_folder():
            self.c = plain(add(self.b, 2))
        self.side = 0
        self.next(self.after_add_2_add_3)

    @step
    def after_add_2_add_3(self):
        """Go on from whichever branch ran."""
        self.next(self.add_5)

    @step
    def add_4(self):
        """Run `add`."""
        with empty_folder():
            self.d = plain(add(self.b, 100))
        self.next(self.add_5)

    @step
    def add_5(self, inputs):
        """Run `add`."""
        self.merge_artifacts(inputs, include=["b", "c", "d", "side"])
        with empty_folder():
            self.add_result = plain(add(self.c, self.d))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.add_result, self.side, self.b]


if __name__ == "__main__":
    GraphBranchBesideTasksFlow()
