"""A handler runs when a step of the body has failed for good; what both bind is merged."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def parse(text: str) -> int:
    return int(text)


def double(number: int) -> int:
    return number * 2


def note(text: str) -> None:
    print(text)


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


class TryExceptFlow(FlowSpec):
    """try_except"""

    text = Parameter("text", default="21")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.parse)

    @catch
    @failure_message(artifact="parse_error", outputs=["number"])
    @step
    def parse(self):
        """Run `parse`."""
        with empty_folder():
            self.number = plain(parse(self.text))
        self.next(self.after_parse)

    @step
    def after_parse(self):
        """Go on if `parse` went well."""
        self.parse_went_well = self.parse_error is None
        self.next({True: self.double, False: self.parse_failed}, condition="parse_went_well")

    @catch
    @failure_message(artifact="error_2", outputs=["result"])
    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            self.result = plain(double(self.number))
        self.next(self.after)

    @step
    def parse_failed(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_2 = self.parse_error
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error_2 is None
        self.next({True: self.after_try, False: self.note}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.result_2_2 = self.result
        self.next(self.end)

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(f"not parsed: {self.error_2}")
        self.result_2_2 = -1
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result_2 = f"result {self.result_2_2}"


if __name__ == "__main__":
    TryExceptFlow()
