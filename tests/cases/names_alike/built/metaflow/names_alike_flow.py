"""Names that differ only in case or underscores, and names of a hundred characters."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def load_data(n: int) -> int:
    return n


def loadData(n: int) -> int:
    return n * 10


def load__data(n: int) -> int:
    return n * 100


def LOAD_DATA(n: int) -> int:
    return n * 1000


def a_step_with_a_very_long_name_that_says_everything_there_is_to_say_about_it_and_then_goes_on_for_a_while(
    n: int,
) -> int:
    return -n


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


class NamesAlikeFlow(FlowSpec):
    """names_alike"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load_data, self.load_data_2, self.load_data_3, self.load_data_4, self.a_step_with_a_very_long_name_that_says_everything_there_is_to_say_about_it_and_then_goes_on_for_a_while)  # fmt: skip

    @step
    def load_data(self):
        """Run `load_data`."""
        with empty_folder():
            self.value = plain(load_data(self.n))
        self.next(self.join)

    @step
    def load_data_2(self):
        """Run `loadData`."""
        with empty_folder():
            self.Value = plain(loadData(self.n))
        self.next(self.join)

    @step
    def load_data_3(self):
        """Run `load__data`."""
        with empty_folder():
            self.VALUE = plain(load__data(self.n))
        self.next(self.join)

    @step
    def load_data_4(self):
        """Run `LOAD_DATA`."""
        with empty_folder():
            self.value_ = plain(LOAD_DATA(self.n))
        self.next(self.join)

    @step
    def a_step_with_a_very_long_name_that_says_everything_there_is_to_say_about_it_and_then_goes_on_for_a_while(self):
        """Run `a_step_with_a_very_long_name_that_says_everything_there_is_to_say_about_it_and_then_goes_on_for_a_while`."""
        with empty_folder():
            self.long = plain(
                a_step_with_a_very_long_name_that_says_everything_there_is_to_say_about_it_and_then_goes_on_for_a_while(
                    self.n
                ),
            )
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["VALUE", "Value", "long", "value", "value_"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.value, self.Value, self.VALUE, self.value_, self.long]


if __name__ == "__main__":
    NamesAlikeFlow()
