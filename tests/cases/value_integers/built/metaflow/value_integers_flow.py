"""Integers of any size, apart from floats and booleans."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def echo(value: object) -> int | float | bool | list:
    return value


def kinds(values: list) -> list[str]:
    return [f"{type(v).__name__} {v}" for v in values]


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


class ValueIntegersFlow(FreshArtifacts, FlowSpec):
    """value_integers"""

    big = Parameter("big", default=9223372036854775808)
    huge = Parameter("huge", default=-70550791086553325712464271575934796216507949612787315762871223209262085551582934156579298529447134158154952334825355911866929793071824566694145084454535257027960285323760313192443283334088001)  # fmt: skip

    @step
    def start(self):
        """Start the flow."""
        self.next(self.echo, self.echo_2, self.echo_3, self.echo_4, self.echo_5, self.echo_6)

    @step
    def echo(self):
        """Run `echo`."""
        with empty_folder():
            self.exact = plain(echo(9007199254740993))
        self.next(self.kinds)

    @step
    def echo_2(self):
        """Run `echo`."""
        with empty_folder():
            self.power = plain(echo(self.huge))
        self.next(self.kinds)

    @step
    def echo_3(self):
        """Run `echo`."""
        with empty_folder():
            self.one = plain(echo(1))
        self.next(self.kinds)

    @step
    def echo_4(self):
        """Run `echo`."""
        with empty_folder():
            self.unit = plain(echo(1.0))
        self.next(self.kinds)

    @step
    def echo_5(self):
        """Run `echo`."""
        with empty_folder():
            self.truth = plain(echo(True))
        self.next(self.kinds)

    @step
    def echo_6(self):
        """Run `echo`."""
        with empty_folder():
            self.several = plain(echo([1, 1.0, True, 18446744073709551616, -0.0]))
        self.next(self.kinds)

    @step
    def kinds(self, inputs):
        """Run `kinds`."""
        self.merge_artifacts(inputs, include=["exact", "one", "power", "several", "truth", "unit"])
        with empty_folder():
            self.kinds_result = plain(kinds([self.exact, self.power, self.one, self.unit, self.truth, *self.several]))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.kinds_result, self.power + 1, self.exact, self.big, self.one == self.unit, self.several]


if __name__ == "__main__":
    ValueIntegersFlow()
