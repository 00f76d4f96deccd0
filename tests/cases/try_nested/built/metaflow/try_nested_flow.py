"""A `try` in a `try`: the inner handler first; what it cannot handle, the outer one does."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def first(n: int) -> int:
    if n >= 1:
        raise ValueError("first")
    return n


def second(n: int) -> int:
    if n >= 2:
        raise ValueError("second")
    return n + 100


def last(text: str) -> str:
    return text + "!"


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


class TryNestedFlow(FlowSpec):
    """try_nested"""

    n = Parameter("n", default=0)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.first)

    @catch
    @failure_message(artifact="first_error", outputs=["value"])
    @step
    def first(self):
        """Run `first`."""
        with empty_folder():
            self.value = plain(first(self.n))
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.first_error is None
        self.next({True: self.after_try, False: self.second}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.value_3 = self.value
        self.error = None
        self.next(self.after)

    @catch
    @failure_message(artifact="error", outputs=["value_3"])
    @step
    def second(self):
        """Run `second`."""
        with empty_folder():
            self.value_3 = plain(second(self.n))
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.going_on = self.error is None
        self.next({True: self.last, False: self.skip_going_on}, condition="going_on")

    @catch
    @failure_message(artifact="error_2", outputs=["result"])
    @step
    def last(self):
        """Run `last`."""
        with empty_folder():
            self.result = plain(last(f"{(self.value_3 + 1)}"))
        self.next(self.after_2)

    @step
    def skip_going_on(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_2 = self.error
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.try_2_went_well = self.error_2 is None
        self.next({True: self.after_try_2, False: self.last_2}, condition="try_2_went_well")

    @step
    def after_try_2(self):
        """Set what the branches have in common."""
        self.result_3 = self.result
        self.next(self.end)

    @step
    def last_2(self):
        """Run `last`."""
        with empty_folder():
            self.result_3 = plain(last(f"outer {self.error_2}"))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_3`."""


if __name__ == "__main__":
    TryNestedFlow()
