"""Order without data: crossing edges, a branch, a loop and a sub-pipeline that something waits for by name."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def prepare(name: str) -> None:
    """Nothing that is handed on."""


def load(name: str) -> str:
    return name


def publish(name: str) -> Path:
    Path("name.txt").write_text(name)
    return Path("name.txt")


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


class OrderAfterFlow(FlowSpec):
    """order_after"""

    big = Parameter("big", default=True)
    names = Parameter("names", type=JSONType, default='["x", "y"]')

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fork, self.check_big, self.list_name)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.prepare, self.prepare_2)

    @step
    def prepare(self):
        """Nothing that is handed on."""
        with empty_folder():
            prepare("a")
        self.next(self.join_prepare_prepare_2)

    @step
    def prepare_2(self):
        """Nothing that is handed on."""
        with empty_folder():
            prepare("b")
        self.next(self.join_prepare_prepare_2)

    @step
    def join_prepare_prepare_2(self, inputs):
        """Wait for the parallel branches."""
        self.next(self.fork_2)

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.prepare_3, self.fork_3)

    @step
    def prepare_3(self):
        """Nothing that is handed on."""
        with empty_folder():
            prepare("c")
        self.next(self.join)

    @step
    def fork_3(self):
        """Start the parallel branches."""
        self.next(self.prepare_4, self.prepare_5)

    @step
    def prepare_4(self):
        """Nothing that is handed on."""
        with empty_folder():
            prepare("d")
        self.next(self.join_prepare_4_prepare_6)

    @step
    def prepare_5(self):
        """Nothing that is handed on."""
        with empty_folder():
            prepare("e")
        self.next(self.prepare_6)

    @step
    def prepare_6(self):
        """Nothing that is handed on."""
        with empty_folder():
            prepare("e!")
        self.next(self.join_prepare_4_prepare_6)

    @step
    def join_prepare_4_prepare_6(self, inputs):
        """Wait for the parallel branches."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.next(self.join_2)

    @step
    def check_big(self):
        """Choose a branch."""
        self.if_big = bool(self.big)
        self.next({True: self.load_2, False: self.load_3}, condition="if_big")

    @step
    def load_2(self):
        """Run `load`."""
        with empty_folder():
            self.size = plain(load("big"))
        self.next(self.after_load_2_load_3)

    @step
    def load_3(self):
        """Run `load`."""
        with empty_folder():
            self.size = plain(load("small"))
        self.next(self.after_load_2_load_3)

    @step
    def after_load_2_load_3(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def list_name(self):
        """List what `name` goes through."""
        self.name_values = list(self.names)
        self.any_name = bool(self.name_values)
        self.next({True: self.each_name, False: self.no_name}, condition="any_name")

    @step
    def each_name(self):
        """Start a task for each `name`."""
        self.next(self.load_4, foreach="name_values")

    @step
    def load_4(self):
        """Run `load`."""
        with empty_folder():
            load(self.input)
        self.next(self.join_name)

    @step
    def join_name(self, inputs):
        """Wait for all items."""
        self.next(self.after)

    @step
    def no_name(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["size"])
        self.next(self.fork_4)

    @step
    def fork_4(self):
        """Start the parallel branches."""
        self.next(self.load, self.publish)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.f = plain(load("f"))
        self.next(self.join_load_load_5)

    @step
    def publish(self):
        """Run `publish`."""
        with empty_folder():
            publish("page")
        self.next(self.load_5)

    @step
    def load_5(self):
        """Run `load`."""
        with empty_folder():
            self.last = plain(load("last"))
        self.next(self.join_load_load_5)

    @step
    def join_load_load_5(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["f", "last", "size"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.f, self.size, self.last]


if __name__ == "__main__":
    OrderAfterFlow()
