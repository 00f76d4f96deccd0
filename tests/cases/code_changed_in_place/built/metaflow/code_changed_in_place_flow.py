"""Module-level objects that loops and blocks change, and names that are bound again, mean what they mean on import."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step

TABLE = {}

for key in ("a", "b"):
    TABLE[key] = len(TABLE)

NAMES = []

while len(NAMES) < 2:
    NAMES.append("name")

with open(os.devnull) as nothing:
    NAMES.append(nothing.read())

LAST = NAMES.pop()

for variable in ("PIPEC_CASE",):
    os.environ[variable] = "set"

SHARE = 0.5
HALF = SHARE * 2
SHARE = 0.9

def weight(x: float) -> float:
    return x


_weight = weight


def weight(x: float) -> float:  # noqa: F811  # wraps the one above
    return _weight(x) + 1


def look(n: int) -> list:
    return [TABLE["b"], NAMES, LAST, os.environ["PIPEC_CASE"], HALF, weight(n)]


def limit(n: int) -> float:
    return HALF * n


def share(n: int) -> float:
    return SHARE * n


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


class CodeChangedInPlaceFlow(FlowSpec):
    """code_changed_in_place"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.look, self.limit, self.share)

    @step
    def look(self):
        """Run `look`."""
        with empty_folder():
            self.look_result = plain(look(self.n))
        self.next(self.join_look_limit_share)

    @step
    def limit(self):
        """Run `limit`."""
        with empty_folder():
            self.limit_result = plain(limit(self.n))
        self.next(self.join_look_limit_share)

    @step
    def share(self):
        """Run `share`."""
        with empty_folder():
            self.share_result = plain(share(self.n))
        self.next(self.join_look_limit_share)

    @step
    def join_look_limit_share(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["limit_result", "look_result", "share_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = (self.look_result, self.limit_result, self.share_result)


if __name__ == "__main__":
    CodeChangedInPlaceFlow()
