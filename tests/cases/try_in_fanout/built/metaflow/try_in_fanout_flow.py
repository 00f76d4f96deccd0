"""A `try` in each iteration of a loop: one that fails does not keep the others from their results."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def invert(x: int) -> float:
    return 1 / x


def numbers(n: int) -> list[int]:
    return list(range(n))


@user_step_decorator
def failure_message(step_name, flow, inputs, attributes):
    """Beside `@catch`: keeps the message of a failure as an artifact, and `None` for what the step has not made."""
    message = None
    try:
        yield
    except Exception as error:
        message = str(error)
        for name in attributes.get("outputs", ()):
            setattr(flow, name, None)
        raise
    finally:
        setattr(flow, attributes["artifact"], message)


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


class TryInFanoutFlow(FlowSpec):
    """try_in_fanout"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.numbers)

    @step
    def numbers(self):
        """Run `numbers`."""
        with empty_folder():
            self.items = plain(numbers(self.n))
        self.next(self.list_x)

    @step
    def list_x(self):
        """List what `x` goes through."""
        self.any_x = bool(self.items)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.invert, foreach="items")

    @catch
    @failure_message(artifact="invert_error", outputs=["results_item"])
    @step
    def invert(self):
        """Run `invert`."""
        with empty_folder():
            self.results_item = plain(invert(self.input))
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.invert_error is None
        self.next({True: self.after_try, False: self.handle_try}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.results_items = [self.results_item]
        self.failed_items = []
        self.next(self.after)

    @step
    def handle_try(self):
        """Set what the branches have in common."""
        self.results_items = []
        self.failed_items = [f"{self.input}: {self.invert_error}"]
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_results_items_by_x)

    @step
    def gather_results_items_by_x(self, inputs):
        """Collect the results of each `x`, in order."""
        self.results_items_by_x = [task.results_items for task in inputs]
        self.failed_items_by_x = [task.failed_items for task in inputs]
        self.next(self.end)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.results_items_by_x = []
        self.failed_items_by_x = []
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.results = [item for items in self.results_items_by_x for item in items]
        self.failed = [item for items in self.failed_items_by_x for item in items]
        self.result = [self.results, self.failed]


if __name__ == "__main__":
    TryInFanoutFlow()
