"""`run.id`, `run.date` and `run.attempt`: the orchestrator's own run, the day, and the attempt of the step."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from metaflow import FlowSpec, current, retry, step


def flaky(attempt: int, label: str) -> str:
    if attempt < 3:
        raise RuntimeError(f"attempt {attempt}")
    return f"{label} {attempt}"


def name(run_id: str) -> bool:
    return isinstance(run_id, str) and len(run_id) > 0


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class RunValuesFlow(FreshArtifacts, FlowSpec):
    """run_values"""

    @step
    def start(self):
        """Start the flow."""
        self.run_date = datetime.now(timezone.utc).strftime("%Y-%m-%d")
        self.next(self.name_2, self.flaky)

    @step
    def name_2(self):
        """Run `name`."""
        with empty_folder():
            self.name_result = plain(name(current.run_id))
        self.next(self.join_name_2_flaky)

    @retry(times=2, minutes_between_retries=1)
    @step
    def flaky(self):
        """Run `flaky`."""
        with empty_folder():
            self.flaky_result = plain(flaky(current.retry_count + 1, f"attempt of {len(self.run_date)}"))
        self.next(self.join_name_2_flaky)

    @step
    def join_name_2_flaky(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["flaky_result", "name_result", "run_date"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        name_result = self.name_result
        flaky_result = self.flaky_result
        self.result = [name_result, [len(part) for part in self.run_date.split("-")], flaky_result, 1]


if __name__ == "__main__":
    RunValuesFlow()
