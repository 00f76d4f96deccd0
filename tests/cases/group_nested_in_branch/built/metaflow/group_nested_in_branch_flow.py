"""Groups inside groups, one of them in an arm of a branch, with an early return of its own."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


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


class GroupNestedInBranchFlow(FlowSpec):
    """group_nested_in_branch"""

    x = Parameter("x", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.add)

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.start_2 = plain(add(self.x, 0))
        self.if_start = self.start_2 > 1
        self.next({True: self.compute_x_4, False: self.add_7}, condition="if_start")

    @step
    def compute_x_4(self):
        """Compute `x_4`."""
        self.x_4 = self.start_2 + 10
        self.next(self.add_2, self.add_4)

    @step
    def add_2(self):
        """Run `add`."""
        with empty_folder():
            self.total = plain(add(self.start_2, 1))
        self.if_total = self.total > 5
        self.next({True: self.only_total, False: self.add_3}, condition="if_total")

    @step
    def only_total(self):
        """Set what the branches have in common."""
        self.result = 5
        self.next(self.after)

    @step
    def add_3(self):
        """Run `add`."""
        with empty_folder():
            self.result = plain(add(self.total, 100))
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def add_4(self):
        """Run `add`."""
        with empty_folder():
            self.total_2 = plain(add(self.x_4, 1))
        self.if_total_2 = self.total_2 > 5
        self.next({True: self.only_total_2, False: self.add_5}, condition="if_total_2")

    @step
    def only_total_2(self):
        """Set what the branches have in common."""
        self.result_2 = 5
        self.next(self.after_2)

    @step
    def add_5(self):
        """Run `add`."""
        with empty_folder():
            self.result_2 = plain(add(self.total_2, 100))
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["result", "result_2", "start_2"])
        self.pair = [self.result, self.result_2]
        self.next(self.add_6)

    @step
    def add_6(self):
        """Run `add`."""
        with empty_folder():
            self.total_6 = plain(add(self.pair[0], self.pair[1]))
        self.next(self.end)

    @step
    def add_7(self):
        """Run `add`."""
        with empty_folder():
            self.total_4 = plain(add(self.start_2, 1))
        self.if_total_3 = self.total_4 > 0
        self.next({True: self.only_total_3, False: self.add_8}, condition="if_total_3")

    @step
    def only_total_3(self):
        """Set what the branches have in common."""
        self.total_6 = 0
        self.next(self.end)

    @step
    def add_8(self):
        """Run `add`."""
        with empty_folder():
            self.total_6 = plain(add(self.total_4, 100))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result_4 = [self.start_2, self.total_6]


if __name__ == "__main__":
    GroupNestedInBranchFlow()
