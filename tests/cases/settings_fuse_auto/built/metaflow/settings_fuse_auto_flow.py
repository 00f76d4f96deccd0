"""`fuse="auto"`: a step shares the task of the one before it where nothing but the number of tasks is different."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, retry, step


def read(n: int) -> list[int]:
    return list(range(n))


def doubled(numbers: list[int]) -> list[int]:
    return [2 * number for number in numbers]


def total(numbers: list[int], start: int = 0) -> int:
    return sum(numbers, start)


def fetched(number: int) -> dict[str, int]:
    return {"number": number}


def label(found: dict[str, int]) -> str:
    return f"number {found['number']}"


def announce(text: str) -> None:
    print(text)


def shout(text: str) -> str:
    return text.upper()


def doubled_and_total(number, numbers_3, n: int) -> int:
    numbers_4 = doubled([number, *numbers_3])
    return total(numbers_4, n)


def shout_and_shout(text: str) -> str:
    text_2 = shout(text)
    return shout(text_2)


def read_doubled_and_total(n: int) -> int:
    numbers = read(n)
    numbers_2 = doubled(numbers)
    return total(numbers_2)


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


class SettingsFuseAutoFlow(FlowSpec):
    """settings_fuse_auto"""

    n = Parameter("n", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read_doubled_and_total, self.read_2)

    @step
    def read_doubled_and_total(self):
        """Run `read_doubled_and_total`."""
        with empty_folder():
            self.first = plain(read_doubled_and_total(self.n))
        self.next(self.fetched)

    @retry(times=1)
    @step
    def fetched(self):
        """Run `fetched`."""
        with empty_folder():
            self.found = plain(fetched(self.first))
        self.next(self.label)

    @step
    def label(self):
        """Run `label`."""
        with empty_folder():
            self.text = plain(label(self.found))
        self.next(self.join)

    @step
    def read_2(self):
        """Run `read`."""
        with empty_folder():
            self.numbers_3 = plain(read(self.n + 1))
        self.next(self.list_number)

    @step
    def list_number(self):
        """List what `number` goes through."""
        self.number_values = list(range(self.n))
        self.any_number = bool(self.number_values)
        self.next({True: self.each_number, False: self.no_number}, condition="any_number")

    @step
    def each_number(self):
        """Start a task for each `number`."""
        self.next(self.doubled_and_total, foreach="number_values")

    @step
    def doubled_and_total(self):
        """Run `doubled_and_total`."""
        with empty_folder():
            self.total_result = plain(doubled_and_total(self.input, self.numbers_3, self.n))
        self.next(self.gather_again)

    @step
    def gather_again(self, inputs):
        """Collect the results of each `number`, in order."""
        self.again = [task.total_result for task in inputs]
        self.next(self.after)

    @step
    def no_number(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.again = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["again", "first", "text"])
        self.next(self.check_first)

    @step
    def check_first(self):
        """Choose a branch."""
        self.if_first = self.first > 5
        self.next({True: self.shout, False: self.shout_and_shout}, condition="if_first")

    @step
    def shout(self):
        """Run `shout`."""
        with empty_folder():
            self.loud = plain(shout(f"{self.text}!"))
        self.next(self.announce)

    @step
    def announce(self):
        """Run `announce`."""
        with empty_folder():
            announce(self.loud)
        self.next(self.end)

    @step
    def shout_and_shout(self):
        """Run `shout_and_shout`."""
        with empty_folder():
            self.loud = plain(shout_and_shout(self.text))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.first, self.again, self.text, self.loud]


if __name__ == "__main__":
    SettingsFuseAutoFlow()
