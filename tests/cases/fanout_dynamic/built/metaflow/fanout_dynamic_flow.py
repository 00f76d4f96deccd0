"""A comprehension over a list that is known only at run time, over `range` of a run-time number, and over a parameter."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def list_files(n: int) -> list[str]:
    return [f"part-{i}.csv" for i in range(n)]


def size(file: str, scale: int) -> int:
    return len(file) * scale


def total(sizes: list[int]) -> int:
    return sum(sizes)


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class FanoutDynamicFlow(FreshArtifacts, FlowSpec):
    """fanout_dynamic"""

    n = Parameter("n", default=3)
    scales = Parameter("scales", type=JSONType, default="[1, 10]")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.list_files, self.list_s)

    @step
    def list_files(self):
        """Run `list_files`."""
        with empty_folder():
            self.files = plain(list_files(self.n))
        self.next(self.list_f, self.list_i)

    @step
    def list_f(self):
        """List what `f` goes through."""
        self.any_f = bool(self.files)
        self.next({True: self.each_f, False: self.no_f}, condition="any_f")

    @step
    def each_f(self):
        """Start a task for each `f`."""
        self.next(self.size, foreach="files")

    @step
    def size(self):
        """Run `size`."""
        with empty_folder():
            self.size_result = plain(size(self.input, 2))
        self.next(self.gather_sizes)

    @step
    def gather_sizes(self, inputs):
        """Collect the results of each `f`, in order."""
        self.sizes = [task.size_result for task in inputs]
        self.next(self.total)

    @step
    def no_f(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.sizes = []
        self.next(self.total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.sizes))
        self.next(self.join)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.i_values = list(range(len(self.files)))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.size_3, foreach="i_values")

    @step
    def size_3(self):
        """Run `size`."""
        with empty_folder():
            self.size_result_3 = plain(size("abc", self.input))
        self.next(self.gather_counted)

    @step
    def gather_counted(self, inputs):
        """Collect the results of each `i`, in order."""
        self.counted = [task.size_result_3 for task in inputs]
        self.next(self.after)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.counted = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["counted", "sizes", "total_result"])
        self.next(self.join_2)

    @step
    def list_s(self):
        """List what `s` goes through."""
        self.s_values = list(self.scales)
        self.any_s = bool(self.s_values)
        self.next({True: self.each_s, False: self.no_s}, condition="any_s")

    @step
    def each_s(self):
        """Start a task for each `s`."""
        self.next(self.size_2, foreach="s_values")

    @step
    def size_2(self):
        """Run `size`."""
        with empty_folder():
            self.size_result_2 = plain(size("x", self.input))
        self.next(self.gather_scaled)

    @step
    def gather_scaled(self, inputs):
        """Collect the results of each `s`, in order."""
        self.scaled = [task.size_result_2 for task in inputs]
        self.next(self.after_2)

    @step
    def no_s(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.scaled = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["counted", "scaled", "sizes", "total_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.sizes, self.total_result, self.scaled, self.counted]


if __name__ == "__main__":
    FanoutDynamicFlow()
