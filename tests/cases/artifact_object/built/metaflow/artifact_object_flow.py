"""Any other type, or no annotation at all, is an object artifact: it travels by pickle, and is passed on unseen."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from types import FunctionType, MethodType
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


class Counter:
    """A class of the user's own: it is shipped with the steps that reach it."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def count(self, text: str) -> "Counter":
        for word in text.split():
            self.seen[word] = self.seen.get(word, 0) + 1
        return self


def count(text: str) -> Counter:
    return Counter().count(text)


def share(counter: Counter, word: str) -> Fraction:
    return Fraction(counter.seen[word], sum(counter.seen.values()))


def anything(counter):
    return {type(counter).__name__, *counter.seen}


def show(share, words) -> str:
    return f"{share} of {sorted(words)}"


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


def storable(value: Any) -> Any:
    """The result of a step, which must be no function: Metaflow would drop it without a word."""
    if isinstance(value, (FunctionType, MethodType)):
        raise TypeError(f"step {current.step_name!r} returned a function, which Metaflow does not store")
    return value


class ArtifactObjectFlow(FlowSpec):
    """artifact_object"""

    text = Parameter("text", default="to be or not to be")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.count)

    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.counter = count(self.text)
        self.next(self.share, self.anything)

    @step
    def share(self):
        """Run `share`."""
        with empty_folder():
            self.share_2 = share(self.counter, "be")
        self.next(self.show)

    @step
    def anything(self):
        """Run `anything`."""
        with empty_folder():
            self.words = storable(anything(self.counter))
        self.next(self.show)

    @step
    def show(self, inputs):
        """Run `show`."""
        self.merge_artifacts(inputs, include=["share_2", "words"])
        with empty_folder():
            self.show_result = plain(show(self.share_2, self.words))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `show_result`."""


if __name__ == "__main__":
    ArtifactObjectFlow()
