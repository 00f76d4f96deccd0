"""Several outputs with an artifact among them: unpacked in one call, looked into in another; after a retry."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, current, retry, step


@dataclass
class Box:
    content: int


def boxed(x: int) -> tuple[Box, list[int]]:
    return Box(x), [x, x + 1]


def flaky(x: int, folder: str) -> int:
    mark = Path(folder) / "tried"
    if not mark.exists():
        mark.touch()
        raise RuntimeError("the first attempt")
    return x


def content(box: Box) -> int:
    return box.content


def total(xs: list[int]) -> int:
    return sum(xs)


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


class OutputsTupleWholeFlow(FreshArtifacts, FlowSpec):
    """outputs_tuple_whole"""

    folder = Parameter("folder", type=str, required=True)
    x = Parameter("x", default=7)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.flaky)

    @retry(times=1)
    @step
    def flaky(self):
        """Run `flaky`."""
        with empty_folder():
            self.x_2 = plain(flaky(self.x, self.folder))
        self.next(self.boxed)

    @step
    def boxed(self):
        """Run `boxed`."""
        with empty_folder():
            self.box, both = boxed(self.x_2)
            self.both = plain(both)
        self.next(self.total, self.content)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.x_3 = plain(total(self.both))
        self.next(self.boxed_2)

    @step
    def boxed_2(self):
        """Run `boxed`."""
        with empty_folder():
            boxed_result_2 = boxed(self.x_3)
            self.boxed_result_2 = (boxed_result_2[0], plain(boxed_result_2[1]))
        self.next(self.compute_other)

    @step
    def compute_other(self):
        """Compute `other`."""
        self.other = self.boxed_result_2[0]
        self.next(self.content_2)

    @step
    def content_2(self):
        """Run `content`."""
        with empty_folder():
            self.content_result_2 = plain(content(self.other))
        self.next(self.join_content_2_content)

    @step
    def content(self):
        """Run `content`."""
        with empty_folder():
            self.content_result = plain(content(self.box))
        self.next(self.join_content_2_content)

    @step
    def join_content_2_content(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["both", "content_result", "content_result_2", "other"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.content_result, self.content_result_2, self.both, self.other]


if __name__ == "__main__":
    OutputsTupleWholeFlow()
