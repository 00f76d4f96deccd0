"""A sensor: what stands below waits until the file is there."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from metaflow import S3, FlowSpec, Parameter, current, step


def write(folder: str, name: str) -> str:
    path = Path(folder) / name
    path.write_text("here")
    return str(path)


def read(path: str) -> str:
    return Path(path).read_text()


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


def wait_for(uri: str, every: timedelta, timeout: timedelta | None = None) -> None:
    """Wait until there is something at `uri`: Metaflow has no sensors, so the task itself looks every now and then."""
    end = None if timeout is None else time.monotonic() + timeout.total_seconds()
    while not exists(uri):
        left = every.total_seconds() if end is None else min(every.total_seconds(), end - time.monotonic())
        if left <= 0:
            raise TimeoutError(f"{uri} is not there after {timeout.total_seconds():g} seconds")
        time.sleep(left)


def exists(uri: str) -> bool:
    """Whether there is a file or folder at `uri`: a path, `file://`, or `s3://`, where a folder ends in a slash."""
    if uri.startswith("s3://"):
        with S3() as s3:
            return bool(s3.list_paths([uri])) if uri.endswith("/") else s3.info(uri, return_missing=True).exists
    path = uri.removeprefix("file://")
    if "://" in path:
        raise ValueError(f"a flow can wait for paths, file:// and s3://, not for {uri!r}")
    return Path(path).exists()


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


class WaitForFileFlow(FlowSpec):
    """wait_for_file"""

    folder = Parameter("folder", type=str, required=True)
    name_ = Parameter("name_", default="flag")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.write)

    @step
    def write(self):
        """Run `write`."""
        with empty_folder():
            self.written = plain(write(self.folder, "flag"))
        self.next(self.wait_for)

    @step
    def wait_for(self):
        """Wait until there is something at a URI."""
        wait_for(f"{self.folder}/{self.name_}", every=timedelta(seconds=1), timeout=timedelta(seconds=2))
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.read_result = plain(read(self.written))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `read_result`."""


if __name__ == "__main__":
    WaitForFileFlow()
