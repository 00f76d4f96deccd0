"""Effects in an arm order what is below the `if`, whichever arm ran."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def note(folder: str, word: str) -> None:
    with (Path(folder) / "log.txt").open("a", encoding="utf-8") as file:
        file.write(word + " ")


def read(folder: str) -> str:
    file = Path(folder) / "log.txt"
    return file.read_text(encoding="utf-8") if file.exists() else ""


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


class BranchWithEffectsFlow(FlowSpec):
    """branch_with_effects"""

    folder = Parameter("folder", type=str, required=True)
    flag = Parameter("flag", default=True)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.before = plain(read(self.folder))
        self.if_flag = bool(self.flag)
        self.next({True: self.note, False: self.skip_flag}, condition="if_flag")

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(self.folder, "yes")
        self.next(self.note_2)

    @step
    def note_2(self):
        """Run `note`."""
        with empty_folder():
            note(self.folder, "indeed")
        self.next(self.read_2)

    @step
    def skip_flag(self):
        """There is nothing to do in this branch."""
        self.next(self.read_2)

    @step
    def read_2(self):
        """Run `read`."""
        with empty_folder():
            self.read_result = plain(read(self.folder))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.before, self.read_result]


if __name__ == "__main__":
    BranchWithEffectsFlow()
