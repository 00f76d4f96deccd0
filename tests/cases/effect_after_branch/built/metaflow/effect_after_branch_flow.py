"""An effect waits for the branches above it, and runs whichever arm did: also where nothing hands on a value."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def text(n: int) -> str:
    return str(n)


def note(n: int) -> None:
    return None


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


class EffectAfterBranchFlow(FreshArtifacts, FlowSpec):
    """effect_after_branch"""

    n = Parameter("n", default=7)
    limit = Parameter("limit", default=9)

    @step
    def start(self):
        """Start the flow."""
        self.if_n = self.n > 5
        self.next({True: self.only_n, False: self.text}, condition="if_n")

    @step
    def only_n(self):
        """There is nothing to do in this branch."""
        self.next(self.note)

    @step
    def text(self):
        """Run `text`."""
        with empty_folder():
            text(self.n)
        self.next(self.note)

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(self.n)
        self.next(self.check_n_3)

    @step
    def check_n_3(self):
        """Choose a branch."""
        self.if_n_3 = self.n > 3
        self.next({True: self.text_2, False: self.skip_n_3}, condition="if_n_3")

    @step
    def text_2(self):
        """Run `text`."""
        with empty_folder():
            self.kept = plain(text(self.n))
        self.next(self.check_n_2)

    @step
    def check_n_2(self):
        """Choose a branch."""
        self.if_n_2 = self.n > 4
        self.next({True: self.text_3, False: self.skip_n_2}, condition="if_n_2")

    @step
    def text_3(self):
        """Run `text`."""
        with empty_folder():
            self.kept_3 = plain(text(self.n + 1))
        self.next(self.note_2)

    @step
    def skip_n_2(self):
        """Set what the branches have in common."""
        self.kept_3 = self.kept
        self.next(self.note_2)

    @step
    def note_2(self):
        """Run `note`."""
        with empty_folder():
            note(len(self.kept_3))
        self.next(self.after)

    @step
    def skip_n_3(self):
        """There is nothing to do in this branch."""
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        if not self.n < self.limit:
            raise RuntimeError(f"{self.n} is not below {self.limit}")
        self.x_values = list((self.n, 1))
        self.next(self.check_x, foreach="x_values")

    @step
    def check_x(self):
        """Choose a branch."""
        self.x = self.input
        self.if_x = self.x > 5
        self.next({True: self.text_4, False: self.skip_x}, condition="if_x")

    @step
    def text_4(self):
        """Run `text`."""
        with empty_folder():
            text(self.x)
        self.next(self.note_3)

    @step
    def skip_x(self):
        """There is nothing to do in this branch."""
        self.next(self.note_3)

    @step
    def note_3(self):
        """Run `note`."""
        with empty_folder():
            note(self.x)
        self.next(self.check_n_4)

    @step
    def check_n_4(self):
        """Choose a branch."""
        self.if_n_4 = self.x > 1
        self.next({True: self.text_5, False: self.skip_n_4}, condition="if_n_4")

    @step
    def text_5(self):
        """Run `text`."""
        with empty_folder():
            text(self.x)
        self.next(self.note_4)

    @step
    def skip_n_4(self):
        """There is nothing to do in this branch."""
        self.next(self.note_4)

    @step
    def note_4(self):
        """Run `note`."""
        with empty_folder():
            note(self.x)
        self.next(self.join_x)

    @step
    def join_x(self, inputs):
        """Wait for all items."""
        self.next(self.check_n_6)

    @step
    def check_n_6(self):
        """Choose a branch."""
        self.if_n_6 = self.n > 100
        self.next({True: self.check_n_5, False: self.skip_n_6}, condition="if_n_6")

    @step
    def check_n_5(self):
        """Choose a branch."""
        self.if_n_5 = self.n > 200
        self.next({True: self.text_6, False: self.skip_n_5}, condition="if_n_5")

    @step
    def text_6(self):
        """Run `text`."""
        with empty_folder():
            text(self.n)
        self.next(self.note_5)

    @step
    def skip_n_5(self):
        """There is nothing to do in this branch."""
        self.next(self.note_5)

    @step
    def skip_n_6(self):
        """There is nothing to do in this branch."""
        self.next(self.note_5)

    @step
    def note_5(self):
        """Run `note`."""
        with empty_folder():
            note(self.n)
        self.x_2_values = [1, 2]
        self.next(self.check_x_2, foreach="x_2_values")

    @step
    def check_x_2(self):
        """Choose a branch."""
        self.x_2 = self.input
        self.if_x_2 = self.x_2 > self.n
        self.next({True: self.text_7, False: self.skip_x_2}, condition="if_x_2")

    @step
    def text_7(self):
        """Run `text`."""
        with empty_folder():
            text(self.x_2)
        self.next(self.after_2)

    @step
    def skip_x_2(self):
        """There is nothing to do in this branch."""
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join_x_2)

    @step
    def join_x_2(self, inputs):
        """Wait for all items."""
        self.next(self.note_6)

    @step
    def note_6(self):
        """Run `note`."""
        with empty_folder():
            note(self.n)
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `n`."""


if __name__ == "__main__":
    EffectAfterBranchFlow()
