"""A step that fails twice and then succeeds has three attempts; each starts in an empty folder of its own."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, current, retry, step


def flaky(folder: str, failures: int) -> int:
    assert list(Path().iterdir()) == [], "the working folder is not empty"
    Path("left over").touch()
    attempts = Path(folder) / "attempts.txt"
    with attempts.open("a", encoding="utf-8") as file:
        file.write("x")
    n = attempts.stat().st_size
    if n <= failures:
        raise RuntimeError(f"attempt {n} failed")
    return n


def steady(n: int) -> int:
    return n * 10


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


class RetriesThenSuccessFlow(FlowSpec):
    """retries_then_success"""

    folder = Parameter("folder", type=str, required=True)
    failures = Parameter("failures", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.flaky)

    @retry(times=3, minutes_between_retries=1)
    @step
    def flaky(self):
        """Run `flaky`."""
        with empty_folder():
            self.n = plain(flaky(self.folder, self.failures))
        self.next(self.steady)

    @step
    def steady(self):
        """Run `steady`."""
        with empty_folder():
            self.steady_result = plain(steady(self.n))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `steady_result`."""


if __name__ == "__main__":
    RetriesThenSuccessFlow()
