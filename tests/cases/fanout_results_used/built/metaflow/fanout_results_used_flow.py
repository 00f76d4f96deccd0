"""Results of a fan-out in expressions, conditions, and as the items of the next fan-out."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def square(n: int) -> int:
    return n * n


def report(best: int, of: list[int]) -> str:
    return f"{best} of {of}"


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


class FanoutResultsUsedFlow(FreshArtifacts, FlowSpec):
    """fanout_results_used"""

    ns = Parameter("ns", type=JSONType, default="[2, 4, 3]")

    @step
    def start(self):
        """Start the flow."""
        self.n_values = list(self.ns)
        self.any_n = bool(self.n_values)
        self.next({True: self.each_n, False: self.no_n}, condition="any_n")

    @step
    def each_n(self):
        """Start a task for each `n`."""
        self.next(self.square, foreach="n_values")

    @step
    def square(self):
        """Run `square`."""
        with empty_folder():
            self.square_result = plain(square(self.input))
        self.next(self.gather_squares)

    @step
    def gather_squares(self, inputs):
        """Collect the results of each `n`, in order."""
        self.squares = [task.square_result for task in inputs]
        self.next(self.after)

    @step
    def no_n(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.squares = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.list_s, self.check_max)

    @step
    def list_s(self):
        """List what `s` goes through."""
        self.s_values = list(self.squares)
        self.any_s = bool(self.s_values)
        self.next({True: self.each_s, False: self.no_s}, condition="any_s")

    @step
    def each_s(self):
        """Start a task for each `s`."""
        self.next(self.square_2, foreach="s_values")

    @step
    def square_2(self):
        """Run `square`."""
        with empty_folder():
            self.square_result_2 = plain(square(self.input))
        self.next(self.gather_fourth)

    @step
    def gather_fourth(self, inputs):
        """Collect the results of each `s`, in order."""
        self.merge_artifacts(inputs, include=["squares"])
        self.fourth = [task.square_result_2 for task in inputs]
        self.next(self.after_2)

    @step
    def no_s(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.fourth = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def check_max(self):
        """Choose a branch."""
        self.if_max = max(self.squares) > 10
        self.next({True: self.report, False: self.skip_max}, condition="if_max")

    @step
    def report(self):
        """Run `report`."""
        with empty_folder():
            self.text = plain(report(max(self.squares), self.squares))
        self.next(self.after_3)

    @step
    def skip_max(self):
        """Set what the branches have in common."""
        self.text = "small"
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["fourth", "squares", "text"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        text = self.text
        fourth = self.fourth
        squares = self.squares
        self.result = [text, fourth, squares[0] + squares[-1], [n for n in squares if n % 2 == 0]]


if __name__ == "__main__":
    FanoutResultsUsedFlow()
