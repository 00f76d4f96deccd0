"""A fan-out in a `try`: one iteration that fails sends the run into the handler, after all have ended."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, catch, current, step, user_step_decorator


def invert(x: int) -> float:
    return 1 / x


def total(values: list[float]) -> float:
    return sum(values)


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


class TryAroundFanoutFlow(FlowSpec):
    """try_around_fanout"""

    xs = Parameter("xs", type=JSONType, default="[1, 2, 4]")

    @step
    def start(self):
        """Start the flow."""
        self.x_values = list(self.xs)
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.invert, foreach="x_values")

    @catch
    @failure_message(artifact="invert_error", outputs=["invert_result"])
    @step
    def invert(self):
        """Run `invert`."""
        with empty_folder():
            self.invert_result = plain(invert(self.input))
        self.next(self.gather_values)

    @step
    def gather_values(self, inputs):
        """Collect the results of each `x`, in order."""
        self.values = [task.invert_result for task in inputs]
        self.errors = [task.invert_error for task in inputs]
        self.next(self.after)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.values = []
        self.errors = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.error = ([message for message in self.errors if message is not None] or [None])[0]
        self.going_on_2 = self.error is None
        self.next({True: self.total, False: self.skip_going_on_2}, condition="going_on_2")

    @catch
    @failure_message(artifact="total_error", outputs=["total_result"])
    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.values))
        self.next(self.after_total)

    @step
    def after_total(self):
        """Go on if `total` went well."""
        self.total_went_well = self.total_error is None
        self.next({True: self.compute_result, False: self.total_failed}, condition="total_went_well")

    @catch
    @failure_message(artifact="error_3", outputs=["result"])
    @step
    def compute_result(self):
        """Compute `result`."""
        self.result = f"total {self.total_result}"
        self.next(self.after_2)

    @step
    def total_failed(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_3 = self.total_error
        self.next(self.after_2)

    @step
    def skip_going_on_2(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_3 = self.error
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error_3 is None
        self.next({True: self.after_try, False: self.compute_result_2}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.result_3 = self.result
        self.next(self.end)

    @step
    def compute_result_2(self):
        """Compute `result_2`."""
        self.result_3 = f"no total: {self.error_3}"
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_3`."""


if __name__ == "__main__":
    TryAroundFanoutFlow()
