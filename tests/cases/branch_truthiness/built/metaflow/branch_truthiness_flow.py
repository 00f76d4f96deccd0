"""Conditions go by truth value, as in Python: empty lists, dicts and texts, zero and `None` are false."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def made(value: object) -> list | dict | str | int | float | None:
    return value


def say(word: str) -> str:
    return word


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


class BranchTruthinessFlow(FlowSpec):
    """branch_truthiness"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.made, self.made_2, self.fork)

    @step
    def made(self):
        """Run `made`."""
        with empty_folder():
            self.empty = plain(made([]))
        self.if_empty = bool(self.empty)
        self.next({True: self.say, False: self.say_2}, condition="if_empty")

    @step
    def say(self):
        """Run `say`."""
        with empty_folder():
            self.a = plain(say("list"))
        self.next(self.after_say_say_2)

    @step
    def say_2(self):
        """Run `say`."""
        with empty_folder():
            self.a = plain(say("no list"))
        self.next(self.after_say_say_2)

    @step
    def after_say_say_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def made_2(self):
        """Run `made`."""
        with empty_folder():
            self.nothing = plain(made(None))
        self.if_nothing = not self.nothing
        self.next({True: self.say_3, False: self.say_4}, condition="if_nothing")

    @step
    def say_3(self):
        """Run `say`."""
        with empty_folder():
            self.b = plain(say("none"))
        self.next(self.after_say_3_say_4)

    @step
    def say_4(self):
        """Run `say`."""
        with empty_folder():
            self.b = plain(say("not none"))
        self.next(self.after_say_3_say_4)

    @step
    def after_say_3_say_4(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.made_3, self.made_4)

    @step
    def made_3(self):
        """Run `made`."""
        with empty_folder():
            self.zero = plain(made(0.0))
        self.next(self.join_made_3_made_4)

    @step
    def made_4(self):
        """Run `made`."""
        with empty_folder():
            self.word = plain(made("False"))
        self.next(self.join_made_3_made_4)

    @step
    def join_made_3_made_4(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["word", "zero"])
        self.next(self.check_zero)

    @step
    def check_zero(self):
        """Choose a branch."""
        self.if_zero = bool(self.zero or self.word)
        self.next({True: self.say_5, False: self.say_6}, condition="if_zero")

    @step
    def say_5(self):
        """Run `say`."""
        with empty_folder():
            self.c = plain(say("word"))
        self.next(self.after_say_5_say_6)

    @step
    def say_6(self):
        """Run `say`."""
        with empty_folder():
            self.c = plain(say("no word"))
        self.next(self.after_say_5_say_6)

    @step
    def after_say_5_say_6(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["a", "b", "c"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.a, self.b, self.c]


if __name__ == "__main__":
    BranchTruthinessFlow()
