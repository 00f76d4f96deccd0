"""A step that runs into its time limit is caught like any other failure."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, timeout, user_step_decorator
from metaflow.plugins.timeout_decorator import TimeoutException


def work(seconds: float) -> str:
    time.sleep(seconds)
    return "done in time"


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


@user_step_decorator
def time_limit_message(step_name, flow, inputs, attributes):
    """Beside `@timeout`: says in one line that the time is over, where Metaflow's message goes on with the stack."""
    try:
        yield
    except TimeoutException as error:
        raise TimeoutError(attributes["text"]) from error


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


class TryTimeoutFlow(FlowSpec):
    """try_timeout"""

    seconds = Parameter("seconds", default=30.0)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.work)

    @catch
    @failure_message(artifact="work_error", outputs=["result"])
    @time_limit_message(text="step 'work' took longer than its time limit of 2 s")
    @timeout(seconds=2)
    @step
    def work(self):
        """Run `work`."""
        with empty_folder():
            self.result = plain(work(self.seconds))
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.work_error is None
        self.next({True: self.after_try, False: self.compute_result_2}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.result_3 = self.result
        self.next(self.end)

    @step
    def compute_result_2(self):
        """Compute `result_2`."""
        self.result_3 = f"gave up: {self.work_error}"
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_3`."""


if __name__ == "__main__":
    TryTimeoutFlow()
