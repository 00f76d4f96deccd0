"""`enumerate`, `zip` and `range` over run-time values, with unpacking of nested targets."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def names() -> list[str]:
    return ["a", "b", "c"]


def weights() -> list[tuple[int, float]]:
    return [(1, 0.5), (2, 0.25), (3, 0.125)]


def join(i: int, name: str, weight: float = 1.0) -> str:
    return f"{i}{name}{weight}"


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


class FanoutEnumerateZipFlow(FlowSpec):
    """fanout_enumerate_zip"""

    step_size = Parameter("step_size", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.names, self.weights)

    @step
    def names(self):
        """Run `names`."""
        with empty_folder():
            self.ns = plain(names())
        self.next(self.join_names_weights)

    @step
    def weights(self):
        """Run `weights`."""
        with empty_folder():
            self.ws = plain(weights())
        self.next(self.join_names_weights)

    @step
    def join_names_weights(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["ns", "ws"])
        self.next(self.fork)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.list_i, self.list_n_2, self.list_i_2)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.i_values = list(enumerate(self.ns, start=1))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.join, foreach="i_values")

    @step
    def join(self):
        """Run `join`."""
        i, n = self.input
        with empty_folder():
            self.join_result = plain(join(i, n))
        self.next(self.gather_numbered)

    @step
    def gather_numbered(self, inputs):
        """Collect the results of each `i`, in order."""
        self.numbered = [task.join_result for task in inputs]
        self.next(self.after)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.numbered = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join_4)

    @step
    def list_n_2(self):
        """List what `n_2` goes through."""
        self.n_2_values = list(zip(self.ns, self.ws))
        self.any_n_2 = bool(self.n_2_values)
        self.next({True: self.each_n_2, False: self.no_n_2}, condition="any_n_2")

    @step
    def each_n_2(self):
        """Start a task for each `n_2`."""
        self.next(self.join_2, foreach="n_2_values")

    @step
    def join_2(self):
        """Run `join`."""
        n_2 = self.input[0]
        k = self.input[1][0]
        w = self.input[1][1]
        with empty_folder():
            self.join_result_2 = plain(join(k, n_2, w))
        self.next(self.gather_zipped)

    @step
    def gather_zipped(self, inputs):
        """Collect the results of each `n_2`, in order."""
        self.zipped = [task.join_result_2 for task in inputs]
        self.next(self.after_2)

    @step
    def no_n_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.zipped = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join_4)

    @step
    def list_i_2(self):
        """List what `i_2` goes through."""
        self.i_2_values = list(range(0, len(self.ns), self.step_size))
        self.any_i_2 = bool(self.i_2_values)
        self.next({True: self.each_i_2, False: self.no_i_2}, condition="any_i_2")

    @step
    def each_i_2(self):
        """Start a task for each `i_2`."""
        self.next(self.join_3, foreach="i_2_values")

    @step
    def join_3(self):
        """Run `join`."""
        with empty_folder():
            self.join_result_3 = plain(join(self.input, self.ns[self.input]))
        self.next(self.gather_every)

    @step
    def gather_every(self, inputs):
        """Collect the results of each `i_2`, in order."""
        self.every = [task.join_result_3 for task in inputs]
        self.next(self.after_3)

    @step
    def no_i_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.every = []
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.join_4)

    @step
    def join_4(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["every", "numbered", "zipped"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.numbered, self.zipped, self.every]


if __name__ == "__main__":
    FanoutEnumerateZipFlow()
