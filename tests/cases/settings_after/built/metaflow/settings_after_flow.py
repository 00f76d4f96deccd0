"""A report after each good end of the training in the same file, whichever way that has gone."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, schedule, step


def train(rows: int) -> float:
    return rows / 100


def publish(score: float) -> None:
    print(f"publishing {score}")


def summarize(score: float) -> str:
    return f"score {score}"


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


@schedule(cron="0 2 * * ? *")
class SettingsAfterFlow(FlowSpec):
    """settings_after"""

    rows = Parameter("rows", default=80)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.train)

    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.score = plain(train(self.rows))
        self.next(self.summarize)

    @step
    def summarize(self):
        """Run `summarize`."""
        with empty_folder():
            self.summary = plain(summarize(self.score))
        self.if_score = self.score > 0.5
        self.next({True: self.publish, False: self.skip_score}, condition="if_score")

    @step
    def publish(self):
        """Run `publish`."""
        with empty_folder():
            publish(self.score)
        self.next(self.end)

    @step
    def skip_score(self):
        """There is nothing to do in this branch."""
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `summary`."""


if __name__ == "__main__":
    SettingsAfterFlow()
