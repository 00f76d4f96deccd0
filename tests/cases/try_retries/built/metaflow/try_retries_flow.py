"""Retries come first: the handler runs after the last attempt."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, retry, step, user_step_decorator


def count_up(folder: str, enough: int) -> int:
    file = Path(folder) / "attempts"
    attempts = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(attempts))
    if attempts < enough:
        raise RuntimeError(f"attempt {attempts} failed")
    return attempts


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


class TryRetriesFlow(FlowSpec):
    """try_retries"""

    folder = Parameter("folder", type=str, required=True)
    enough = Parameter("enough", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.count_up)

    @catch
    @failure_message(artifact="count_up_error", outputs=["attempts"])
    @retry(times=2, minutes_between_retries=1)
    @step
    def count_up(self):
        """Run `count_up`."""
        with empty_folder():
            self.attempts = plain(count_up(self.folder, self.enough))
        self.next(self.after_count_up)

    @step
    def after_count_up(self):
        """Go on if `count_up` went well."""
        self.count_up_went_well = self.count_up_error is None
        self.next({True: self.compute_result, False: self.count_up_failed}, condition="count_up_went_well")

    @catch
    @failure_message(artifact="error_2", outputs=["result"])
    @step
    def compute_result(self):
        """Compute `result`."""
        self.result = f"done after {self.attempts}"
        self.next(self.after)

    @step
    def count_up_failed(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_2 = self.count_up_error
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error_2 is None
        self.next({True: self.after_try, False: self.compute_result_2}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.result_3 = self.result
        self.next(self.end)

    @step
    def compute_result_2(self):
        """Compute `result_2`."""
        self.result_3 = f"gave up: {self.error_2}"
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_3`."""


if __name__ == "__main__":
    TryRetriesFlow()
