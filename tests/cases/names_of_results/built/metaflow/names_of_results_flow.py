"""Results under the names under which Airflow keeps results of its own, several to a task."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def pair(n: int) -> tuple[int, list[int]]:
    return n, [n + 1]


def risky(n: int) -> tuple[int, int]:
    return 12 // n, n


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


class NamesOfResultsFlow(FlowSpec):
    """names_of_results"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.pair, self.risky)

    @step
    def pair(self):
        """Run `pair`."""
        with empty_folder():
            return_value, skipmixin_key = pair(self.n)
            self.return_value = plain(return_value)
            self.skipmixin_key = plain(skipmixin_key)
        self.next(self.check_big)

    @step
    def check_big(self):
        """Choose a branch."""
        self.if_big = self.n > 2
        self.next({True: self.compute_result, False: self.compute_error}, condition="if_big")

    @step
    def compute_result(self):
        """Compute `result`."""
        self.result = [self.return_value, 1]
        self.error = self.skipmixin_key
        self.next(self.after)

    @step
    def compute_error(self):
        """Compute `error`."""
        self.error = [self.return_value]
        self.result = [0]
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @catch
    @failure_message(artifact="risky_error", outputs=["error_2_2", "return_value_2"])
    @step
    def risky(self):
        """Run `risky`."""
        with empty_folder():
            error_2_2, return_value_2 = risky(self.n)
            self.error_2_2 = plain(error_2_2)
            self.return_value_2 = plain(return_value_2)
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.risky_error is None
        self.next({True: self.after_try, False: self.handle_try}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.error_2_3 = self.error_2_2
        self.return_value_2_2 = self.return_value_2
        self.next(self.after_2)

    @step
    def handle_try(self):
        """Set what the branches have in common."""
        self.error_2_3 = 0
        self.return_value_2_2 = self.risky_error
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs, include=["error", "error_2_3", "result", "return_value", "return_value_2_2", "skipmixin_key"]
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.doubled = [self.return_value * 2]
        self.result_3 = [
            self.return_value,
            self.skipmixin_key,
            self.result,
            self.error,
            self.error_2_3,
            self.return_value_2_2,
            self.doubled,
        ]


if __name__ == "__main__":
    NamesOfResultsFlow()
