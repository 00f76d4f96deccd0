"""Somebody is told how a run has ended; not of runs on the machine of whoever writes it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, exit_hook, step

CHANNEL = "#ml-alerts"


def post(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}\n")


def page(message: str) -> None:
    post(f"PAGE {message}")


def divide(n: int) -> float:
    return 12 / n


def run_succeeded(run):
    post(f"settings_run_hooks has succeeded (run {run.id if run else None})")


def run_failed(run):
    page(f"settings_run_hooks has failed (run {run.id if run else None})")


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


@exit_hook(on_success=[run_succeeded], on_error=[run_failed])
class SettingsRunHooksFlow(FlowSpec):
    """settings_run_hooks"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.divide)

    @step
    def divide(self):
        """Run `divide`."""
        with empty_folder():
            self.divide_result = plain(divide(self.n))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `divide_result`."""


if __name__ == "__main__":
    SettingsRunHooksFlow()
