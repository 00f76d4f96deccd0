"""One condition decides in both arms of another, and again below: what was worked out in one arm is not there in the other."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def mark(name: str) -> str:
    return name.upper()


class ExactJSON(type(JSONType)):
    """JSON, with `{"$tuple": [...]}`, `$set`, `$frozenset`, `$bytes` (hex) and `$dict` (pairs) for what it has not."""

    def convert(self, value, param, ctx):
        return self.untagged(super().convert(value, param, ctx))

    def untagged(self, value):
        if isinstance(value, list):
            return [self.untagged(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((tag, items),) = value.items()
            kind = {"$tuple": tuple, "$set": set, "$frozenset": frozenset, "$dict": dict}.get(tag)
            if tag == "$bytes":
                return bytes.fromhex(items)
            if kind is not None:
                return kind(tuple(item) if kind is dict else item for item in self.untagged(items))
        return {key: self.untagged(item) for key, item in value.items()}


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
            raise RuntimeError(f"step {current.step_name!r} exited with {error.code!r}") from error
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


class BranchSameConditionTwiceFlow(FlowSpec):
    """branch_same_condition_twice"""

    fast = Parameter("fast", default=True)
    notes = Parameter("notes", type=ExactJSON(), default="[]")

    @step
    def start(self):
        """Start the flow."""
        self.if_fast = bool(self.fast)
        self.next({True: self.check_notes, False: self.check_notes_2}, condition="if_fast")

    @step
    def check_notes(self):
        """Choose a branch."""
        self.if_notes = bool(self.notes)
        self.next({True: self.mark, False: self.skip_notes}, condition="if_notes")

    @step
    def mark(self):
        """Run `mark`."""
        with empty_folder():
            self.word = plain(mark("fast"))
        self.next(self.after)

    @step
    def skip_notes(self):
        """Set what the branches have in common."""
        self.word = "none"
        self.next(self.after)

    @step
    def check_notes_2(self):
        """Choose a branch."""
        self.if_notes_2 = bool(self.notes)
        self.next({True: self.mark_2, False: self.skip_notes_2}, condition="if_notes_2")

    @step
    def mark_2(self):
        """Run `mark`."""
        with empty_folder():
            self.word = plain(mark("slow"))
        self.next(self.after)

    @step
    def skip_notes_2(self):
        """Set what the branches have in common."""
        self.word = "none"
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.if_notes_3 = bool(self.notes)
        self.next({True: self.mark_3, False: self.skip_notes_3}, condition="if_notes_3")

    @step
    def mark_3(self):
        """Run `mark`."""
        with empty_folder():
            self.word_7 = plain(mark(self.word))
        self.next(self.end)

    @step
    def skip_notes_3(self):
        """Set what the branches have in common."""
        self.word_7 = self.word
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.word_7]


if __name__ == "__main__":
    BranchSameConditionTwiceFlow()
