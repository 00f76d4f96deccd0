"""A sub-pipeline in a `try`, and a `try` with effects in a sub-pipeline."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def load(n: int) -> list[int]:
    if n < 0:
        raise ValueError("nothing to load")
    return list(range(n))


def publish(rows: list[int]) -> None:
    if len(rows) > 3:
        raise RuntimeError("too many rows")


def tell(text: str) -> None:
    print(text)


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class TryWithGroupFlow(FreshArtifacts, FlowSpec):
    """try_with_group"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @catch
    @failure_message(artifact="load_error", outputs=["rows"])
    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.rows = plain(load(self.n))
        self.next(self.after_load)

    @step
    def after_load(self):
        """Go on if `load` went well."""
        self.load_went_well = self.load_error is None
        self.next({True: self.publish, False: self.load_failed}, condition="load_went_well")

    @catch
    @failure_message(artifact="publish_error")
    @step
    def publish(self):
        """Run `publish`."""
        with empty_folder():
            publish(self.rows)
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.publish_error is None
        self.next({True: self.after_try, False: self.tell}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.error = None
        self.next(self.after)

    @catch
    @failure_message(artifact="error")
    @step
    def tell(self):
        """Run `tell`."""
        with empty_folder():
            tell(f"not published: {self.publish_error}")
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.going_on = self.error is None
        self.next({True: self.compute_value, False: self.skip_going_on}, condition="going_on")

    @catch
    @failure_message(artifact="error_3", outputs=["value"])
    @step
    def compute_value(self):
        """Compute `value`."""
        self.value = len(self.rows)
        self.next(self.after_2)

    @step
    def skip_going_on(self):
        """Set what the branches have in common."""
        self.value = None
        self.error_3 = self.error
        self.next(self.after_2)

    @step
    def load_failed(self):
        """Set what the branches have in common."""
        self.value = None
        self.error_3 = self.load_error
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.try_2_went_well = self.error_3 is None
        self.next({True: self.after_try_2, False: self.handle_try_2}, condition="try_2_went_well")

    @step
    def after_try_2(self):
        """Set what the branches have in common."""
        self.count_2 = self.value
        self.next(self.end)

    @step
    def handle_try_2(self):
        """Set what the branches have in common."""
        self.count_2 = -1
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `count_2`."""


if __name__ == "__main__":
    TryWithGroupFlow()
