"""An expression with several readers gives all of them the same value."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def measure() -> list[float]:
    return [0.5, 0.25, 0.75]


def below(values: list[float], limit: float) -> int:
    return len([v for v in values if v < limit])


def above(values: list[float], limit: float) -> int:
    return len([v for v in values if v > limit])


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


class ExpressionSharedFlow(FlowSpec):
    """expression_shared"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.measure)

    @step
    def measure(self):
        """Run `measure`."""
        with empty_folder():
            self.values = plain(measure())
        self.next(self.compute_middle)

    @step
    def compute_middle(self):
        """Compute `middle`."""
        self.middle = sum(self.values) / len(self.values)
        self.spread = max(self.values) - min(self.values)
        self.next(self.check_spread, self.below, self.above)

    @step
    def check_spread(self):
        """Choose a branch."""
        self.if_spread = self.spread > self.middle / 2
        self.next({True: self.compute_label, False: self.compute_label_2}, condition="if_spread")

    @step
    def compute_label(self):
        """Compute `label`."""
        self.label = f"wide ({self.spread})"
        self.next(self.after)

    @step
    def compute_label_2(self):
        """Compute `label_2`."""
        self.label = f"narrow ({self.spread})"
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def below(self):
        """Run `below`."""
        with empty_folder():
            self.below_result = plain(below(self.values, self.middle))
        self.next(self.join)

    @step
    def above(self):
        """Run `above`."""
        with empty_folder():
            self.above_result = plain(above(self.values, self.middle))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["above_result", "below_result", "label"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.below_result, self.above_result, self.label]


if __name__ == "__main__":
    ExpressionSharedFlow()
