"""What imports set for the whole process is set in every task, by whichever module; a library's where it is used."""

import contextlib
import csv
import logging
import os
import tempfile
from collections.abc import Iterator
from decimal import Decimal, getcontext
from os import environ, getenv
from typing import Any

import numpy as np
from metaflow import FlowSpec, Parameter, current, step

os.environ["PIPEC_CASE_MODE"] = "fast"

logging.getLogger("pipec.case").setLevel(logging.ERROR)

csv.field_size_limit(1234)

getcontext().prec = 5


def set_up():
    os.environ.setdefault("PIPEC_CASE_LEVEL", "7")


set_up()

np.seterr(divide="raise")


def modes(n: int) -> list:
    return [environ["PIPEC_CASE_MODE"], getenv("PIPEC_CASE_LEVEL"), str(Decimal(n) / 7)]


def limits(n: int) -> list:
    return [n, csv.field_size_limit(), logging.getLogger("pipec.case.part").getEffectiveLevel()]


def divided(n: int) -> str:
    try:
        return str(np.float64(n) / 0)
    except FloatingPointError:
        return "raised"


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


class CodeSettingsMadeFlow(FlowSpec):
    """code_settings_made"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.modes, self.limits, self.divided)

    @step
    def modes(self):
        """Run `modes`."""
        with empty_folder():
            self.modes_result = plain(modes(self.n))
        self.next(self.join_modes_limits_divided)

    @step
    def limits(self):
        """Run `limits`."""
        with empty_folder():
            self.limits_result = plain(limits(self.n))
        self.next(self.join_modes_limits_divided)

    @step
    def divided(self):
        """Run `divided`."""
        with empty_folder():
            self.divided_result = plain(divided(self.n))
        self.next(self.join_modes_limits_divided)

    @step
    def join_modes_limits_divided(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["divided_result", "limits_result", "modes_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.modes_result, self.limits_result, self.divided_result]


if __name__ == "__main__":
    CodeSettingsMadeFlow()
