"""`nan`, the infinities, minus zero, and the shortest decimal of every float."""

import contextlib
import math
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def specials() -> list[float]:
    return [math.nan, math.inf, -math.inf, -0.0, 0.1, 1e308, 5e-324, 1e16, 1 / 3]


def show(values: list[float]) -> list[str]:
    return [repr(v) for v in values]


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


class ValueFloatsFlow(FreshArtifacts, FlowSpec):
    """value_floats"""

    limit = Parameter("limit", default=float("inf"))
    rate = Parameter("rate", default=1e-07)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.specials, self.show_2)

    @step
    def specials(self):
        """Run `specials`."""
        with empty_folder():
            self.values = plain(specials())
        self.next(self.show)

    @step
    def show(self):
        """Run `show`."""
        with empty_folder():
            self.show_result = plain(show(self.values))
        self.next(self.join_show_show_2)

    @step
    def show_2(self):
        """Run `show`."""
        with empty_folder():
            self.show_result_2 = plain(show([self.limit, self.rate]))
        self.next(self.join_show_show_2)

    @step
    def join_show_show_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["show_result", "show_result_2", "values"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        values = self.values
        self.result = [
            self.show_result,
            values[1] > 1e300,
            values[0] == values[0],
            values,
            self.show_result_2,
            self.limit,
        ]


if __name__ == "__main__":
    ValueFloatsFlow()
