"""Statements of every kind bind names at the top level: what is bound in them goes with the steps that use it."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step

MODE = "fast"

match {"mode": MODE, "more": 1}:
    case {"mode": "fast" as chosen, **others}:
        SPEED = 10
    case _:
        SPEED = 1

SIZES = [last := size * 2 for size in range(3)]

if (count := len(SIZES)) > 2:
    MANY = True

try:
    import a_module_that_is_not_there as fast
except ImportError:
    HAVE = "slow"

    def compute(n: int) -> int:
        return n + count
else:
    HAVE = "fast"

    def compute(n: int) -> int:
        return fast.compute(n)
finally:
    TRIED = True

if sys.version_info >= (3, 10):
    import json as encoder

    def encode(value: object) -> str:
        return encoder.dumps(value)
else:
    encoder = None

    def encode(value: object) -> str:
        return repr(value)

TOTAL = 1
BEFORE = TOTAL

TOTAL += 5

AFTER = TOTAL


def build() -> list:
    return [RATE]


RATE = 1
EARLY = build()
RATE = 2

LATE = build()
HELP = 'Statements of every kind bind names at the top level: what is bound in them goes with the steps that use it.'


def bound(n: int) -> list:
    return [SPEED, chosen, others, last, MANY, compute(n), HAVE, TRIED, encode([n])]


def changed(n: int) -> list:
    return [n, TOTAL, BEFORE, AFTER, EARLY, RATE, LATE, MODE, HELP.split()[0]]


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


class CodeStatementsFlow(FlowSpec):
    """code_statements"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.bound, self.changed)

    @step
    def bound(self):
        """Run `bound`."""
        with empty_folder():
            self.bound_result = plain(bound(self.n))
        self.next(self.join_bound_changed)

    @step
    def changed(self):
        """Run `changed`."""
        with empty_folder():
            self.changed_result = plain(changed(self.n))
        self.next(self.join_bound_changed)

    @step
    def join_bound_changed(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["bound_result", "changed_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.bound_result, self.changed_result]


if __name__ == "__main__":
    CodeStatementsFlow()
