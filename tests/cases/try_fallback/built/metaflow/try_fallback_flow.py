"""A name that is bound before a `try` keeps its value where the last statement of the body fails."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator

if TYPE_CHECKING:
    import numpy as np


def measure(n: int) -> float:
    if n < 0:
        raise ValueError("negative")
    return n / 2


def fit(n: int) -> np.ndarray:
    import numpy as np

    if n > 5:
        raise MemoryError("too many")
    return np.full(n, 1.5)


def describe(model: np.ndarray | None, value: float) -> str:
    return f"{None if model is None else model.sum()} {value}"


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


class TryFallbackFlow(FlowSpec):
    """try_fallback"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.measure, self.fit)

    @catch
    @failure_message(artifact="measure_error", outputs=["value"])
    @step
    def measure(self):
        """Run `measure`."""
        with empty_folder():
            self.value = plain(measure(self.n))
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.measure_error is None
        self.next({True: self.after_try, False: self.handle_try}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.value_2 = self.value
        self.next(self.after)

    @step
    def handle_try(self):
        """Set what the branches have in common."""
        self.value_2 = 0.5
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.describe)

    @catch
    @failure_message(artifact="fit_error", outputs=["model"])
    @step
    def fit(self):
        """Run `fit`."""
        with empty_folder():
            self.model = fit(self.n)
        self.next(self.check_try_2)

    @step
    def check_try_2(self):
        """See whether the `try` went well."""
        self.try_2_went_well = self.fit_error is None
        self.next({True: self.after_try_2, False: self.handle_try_2}, condition="try_2_went_well")

    @step
    def after_try_2(self):
        """Set what the branches have in common."""
        self.model_2 = self.model
        self.next(self.after_2)

    @step
    def handle_try_2(self):
        """Set what the branches have in common."""
        self.model_2 = None
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.describe)

    @step
    def describe(self, inputs):
        """Run `describe`."""
        self.merge_artifacts(inputs, include=["model_2", "value_2"])
        with empty_folder():
            self.describe_result = plain(describe(self.model_2, self.value_2))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `describe_result`."""


if __name__ == "__main__":
    TryFallbackFlow()
