"""A loop with effects is one sequence point as a whole."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def write(folder: str, name: str) -> None:
    (Path(folder) / name).touch()


def listing(folder: str) -> list[str]:
    return sorted(p.name for p in Path(folder).iterdir())


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


class FanoutEffectsFlow(FlowSpec):
    """fanout_effects"""

    folder = Parameter("folder", type=str, required=True)
    names = Parameter("names", type=JSONType, default='["a", "b", "c"]')

    @step
    def start(self):
        """Start the flow."""
        self.next(self.listing)

    @step
    def listing(self):
        """Run `listing`."""
        with empty_folder():
            self.before = plain(listing(self.folder))
        self.next(self.list_name)

    @step
    def list_name(self):
        """List what `name` goes through."""
        self.name_values = list(self.names)
        self.any_name = bool(self.name_values)
        self.next({True: self.each_name, False: self.no_name}, condition="any_name")

    @step
    def each_name(self):
        """Start a task for each `name`."""
        self.next(self.write, foreach="name_values")

    @step
    def write(self):
        """Run `write`."""
        with empty_folder():
            write(self.folder, self.input)
        self.next(self.join_name)

    @step
    def join_name(self, inputs):
        """Wait for all items."""
        self.merge_artifacts(inputs, include=["before"])
        self.next(self.listing_2)

    @step
    def no_name(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.next(self.listing_2)

    @step
    def listing_2(self):
        """Run `listing`."""
        with empty_folder():
            self.listing_result = plain(listing(self.folder))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.before, self.listing_result]


if __name__ == "__main__":
    FanoutEffectsFlow()
