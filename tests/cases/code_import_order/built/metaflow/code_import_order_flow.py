"""Modules run in the order of their imports, circular ones statement by statement; the last binding of a name counts."""

import contextlib
import json as encoder
import os
import tempfile
from collections.abc import Iterator
from math import floor as down
from typing import Any

from metaflow import FlowSpec, Parameter, current, step

BASE = 10
TAX = BASE // 5


def discount(good):
    return TOTAL if good == "none" else 0


TOTAL = BASE + TAX


def price_of(good):
    return TOTAL * len(good) + discount(good)


GOODS = ["pear", "fig"]


def first_good():
    return encoder.dumps(GOODS[0])


def level():
    return "of levels"


def both():
    return "of levels"


def down_of(x):
    return down(x)


def look(n: int) -> list:
    return [GOODS, first_good(), price_of("fig"), TOTAL, BASE, encoder.dumps(n), len(GOODS)]


def levels_of(n: int) -> list:
    return [level(), both(), down_of(n + 0.5)]


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


class CodeImportOrderFlow(FlowSpec):
    """code_import_order"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.look, self.levels_of)

    @step
    def look(self):
        """Run `look`."""
        with empty_folder():
            self.look_result = plain(look(self.n))
        self.next(self.join_look_levels_of)

    @step
    def levels_of(self):
        """Run `levels_of`."""
        with empty_folder():
            self.levels_of_result = plain(levels_of(self.n))
        self.next(self.join_look_levels_of)

    @step
    def join_look_levels_of(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["levels_of_result", "look_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.look_result, self.levels_of_result]


if __name__ == "__main__":
    CodeImportOrderFlow()
