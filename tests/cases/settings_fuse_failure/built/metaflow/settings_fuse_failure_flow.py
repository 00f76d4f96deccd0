"""A shared task fails with the step that fails: what stands before it has run, and what stands behind it has not."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def read(text: str) -> list[str]:
    return text.split()


def parsed(words: list[str]) -> list[int]:
    return [int(word) for word in words]


def total(numbers: list[int]) -> int:
    return sum(numbers)


def checked(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number


def root(number: int) -> float:
    return number**0.5


def shown(number: float) -> str:
    return f"{number:g}"


def guarded(number: int) -> float:
    number_2 = checked(number)
    return root(number_2)


def parsing(text: str) -> int:
    words = read(text)
    numbers = parsed(words)
    return total(numbers)


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


class SettingsFuseFailureFlow(FlowSpec):
    """settings_fuse_failure"""

    text = Parameter("text", default="4 5")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.parsing)

    @step
    def parsing(self):
        """Run `parsing`."""
        with empty_folder():
            self.number = plain(parsing(self.text))
        self.next(self.guarded)

    @catch
    @failure_message(artifact="guarded_error", outputs=["number_3"])
    @step
    def guarded(self):
        """Run `guarded`."""
        with empty_folder():
            self.number_3 = plain(guarded(self.number))
        self.next(self.after_guarded)

    @step
    def after_guarded(self):
        """Go on if `guarded` went well."""
        self.guarded_went_well = self.guarded_error is None
        self.next({True: self.shown, False: self.guarded_failed}, condition="guarded_went_well")

    @catch
    @failure_message(artifact="error_2", outputs=["result"])
    @step
    def shown(self):
        """Run `shown`."""
        with empty_folder():
            self.result = plain(shown(self.number_3))
        self.next(self.after)

    @step
    def guarded_failed(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_2 = self.guarded_error
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
        self.result_3 = f"no root: {self.error_2}"
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_3`."""


if __name__ == "__main__":
    SettingsFuseFailureFlow()
