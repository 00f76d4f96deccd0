"""`str(e)` is the message of what has failed first: a step, an expression, an `assert`, or a `raise`."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def look(kind: str) -> dict:
    if kind == "step":
        raise ValueError("a step failed: {{ ds }} 'quoted' $(x) \\ ü")
    return {"kind": kind}


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


class TryMessageFlow(FlowSpec):
    """try_message"""

    kind = Parameter("kind", default="none")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.look)

    @catch
    @failure_message(artifact="look_error", outputs=["found"])
    @step
    def look(self):
        """Run `look`."""
        with empty_folder():
            self.found = plain(look(self.kind))
        self.next(self.after_look)

    @step
    def after_look(self):
        """Go on if `look` went well."""
        self.look_went_well = self.look_error is None
        self.next({True: self.compute_name, False: self.look_failed}, condition="look_went_well")

    @catch
    @failure_message(artifact="name_error", outputs=["name_2"])
    @step
    def compute_name(self):
        """Compute `name`."""
        self.name_2 = self.found["other" if self.kind == "expression" else "kind"]
        self.next(self.after_compute_name)

    @step
    def after_compute_name(self):
        """Go on if `compute_name` went well."""
        self.compute_name_went_well = self.name_error is None
        self.next({True: self.check, False: self.compute_name_failed}, condition="compute_name_went_well")

    @catch
    @failure_message(artifact="check_error")
    @step
    def check(self):
        """Go on only if `kind != "assert"`."""
        if self.kind == "assert":
            raise RuntimeError(f"{self.name_2} is not wanted")
        self.next(self.after_check)

    @step
    def after_check(self):
        """Go on if `check` went well."""
        self.check_went_well = self.check_error is None
        self.next({True: self.check_2, False: self.check_failed}, condition="check_went_well")

    @catch
    @failure_message(artifact="check_2_error")
    @step
    def check_2(self):
        """Go on only if `kind != "silent"`."""
        if self.kind == "silent":
            raise RuntimeError()
        self.next(self.after_check_2)

    @step
    def after_check_2(self):
        """Go on if `check_2` went well."""
        self.check_2_went_well = self.check_2_error is None
        self.next({True: self.check_3, False: self.check_2_failed}, condition="check_2_went_well")

    @catch
    @failure_message(artifact="error")
    @step
    def check_3(self):
        """Go on only if `kind != "raise"`."""
        if self.kind == "raise":
            raise RuntimeError("stopped: " + self.name_2)
        self.next(self.after)

    @step
    def check_2_failed(self):
        """Set what the branches have in common."""
        self.error = self.check_2_error
        self.next(self.after)

    @step
    def check_failed(self):
        """Set what the branches have in common."""
        self.error = self.check_error
        self.next(self.after)

    @step
    def compute_name_failed(self):
        """Set what the branches have in common."""
        self.error = self.name_error
        self.next(self.after)

    @step
    def look_failed(self):
        """Set what the branches have in common."""
        self.name_2 = None
        self.error = self.look_error
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error is None
        self.next({True: self.after_try, False: self.compute_result}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.result = self.name_2
        self.next(self.end)

    @step
    def compute_result(self):
        """Compute `result`."""
        self.result = "caught " + self.error
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result`."""


if __name__ == "__main__":
    TryMessageFlow()
