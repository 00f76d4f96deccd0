"""A return two levels deep: what follows each level runs only where nothing returned."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def read(n: int) -> int:
    return n


def tag(text: str) -> str:
    return text


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


class BranchReturnNestedFlow(FlowSpec):
    """branch_return_nested"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read, self.tag)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.value = plain(read(self.n))
        self.next(self.join_read_tag)

    @step
    def tag(self):
        """Run `tag`."""
        with empty_folder():
            self.seen = plain(tag("start"))
        self.next(self.join_read_tag)

    @step
    def join_read_tag(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["seen", "value"])
        self.next(self.check_value_2)

    @step
    def check_value_2(self):
        """Choose a branch."""
        self.if_value_2 = self.value > 0
        self.next({True: self.tag_2, False: self.tag_5}, condition="if_value_2")

    @step
    def tag_2(self):
        """Run `tag`."""
        with empty_folder():
            self.first = plain(tag("positive"))
        self.if_value = self.value > 10
        self.next({True: self.tag_3, False: self.tag_4}, condition="if_value")

    @step
    def tag_3(self):
        """Run `tag`."""
        with empty_folder():
            self.tag_result = plain(tag("large"))
        self.result = [self.seen, self.first, self.tag_result]
        self.returned = True
        self.second = None
        self.next(self.after_tag_3_tag_4_tag_5)

    @step
    def tag_4(self):
        """Run `tag`."""
        with empty_folder():
            self.second = plain(tag("small"))
        self.result = None
        self.returned = False
        self.next(self.after_tag_3_tag_4_tag_5)

    @step
    def tag_5(self):
        """Run `tag`."""
        with empty_folder():
            self.second = plain(tag("not positive"))
        self.result = None
        self.returned = False
        self.next(self.after_tag_3_tag_4_tag_5)

    @step
    def after_tag_3_tag_4_tag_5(self):
        """Go on from whichever branch ran."""
        self.next({True: self.only_returned, False: self.tag_6}, condition="returned")

    @step
    def only_returned(self):
        """Set what the branches have in common."""
        self.result_3 = self.result
        self.next(self.end)

    @step
    def tag_6(self):
        """Run `tag`."""
        with empty_folder():
            self.tag_result_2 = plain(tag("end"))
        self.result_3 = [self.seen, self.second, self.tag_result_2]
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_3`."""


if __name__ == "__main__":
    BranchReturnNestedFlow()
