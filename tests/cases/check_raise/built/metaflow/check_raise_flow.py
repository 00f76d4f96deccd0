"""`raise PipelineFailed` fails the run, in an arm, after an effect, or in a loop."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def read(n: int) -> int:
    return n


def tell(text: str) -> None:
    print(text)


def finish(n: int) -> str:
    return f"finished {n}"


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


class CheckRaiseFlow(FlowSpec):
    """check_raise"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.found = plain(read(self.n))
        self.next(self.check)

    @step
    def check(self):
        """Go on only if `found != 2`."""
        if self.found == 2:
            raise RuntimeError("two")
        self.if_found = self.found > 2
        self.next({True: self.tell, False: self.skip_found}, condition="if_found")

    @step
    def tell(self):
        """Run `tell`."""
        with empty_folder():
            tell("this is the end")
        self.next(self.check_2)

    @step
    def check_2(self):
        """Fail the run."""
        raise RuntimeError(f"{self.found} is too many")
        self.next(self.after)  # never reached; a step has to say where it goes

    @step
    def skip_found(self):
        """There is nothing to do in this branch."""
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.i_values = list(range(2))
        self.any_i = bool(self.i_values)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.read_2, foreach="i_values")

    @step
    def read_2(self):
        """Run `read`."""
        with empty_folder():
            self.read_result = plain(read(self.input))
        self.next(self.check_3)

    @step
    def check_3(self):
        """Go on only if `read_result != found + 1`."""
        if self.read_result == self.found + 1:
            raise RuntimeError("in the loop")
        self.next(self.join_i)

    @step
    def join_i(self, inputs):
        """Wait for all items."""
        self.merge_artifacts(inputs, include=["found"])
        self.next(self.finish)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.next(self.finish)

    @step
    def finish(self):
        """Run `finish`."""
        with empty_folder():
            self.finish_result = plain(finish(self.found))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `finish_result`."""


if __name__ == "__main__":
    CheckRaiseFlow()
