"""Helpers, constants and imports that a step reaches go with it, transitively; comments and formatting survive."""

import contextlib
import os
import statistics as st
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step

# The unit that all lengths are in.
UNIT = "cm"
FACTORS = {"mm": 0.1, UNIT: 1.0, "m": 100.0}
LARGEST = max(FACTORS.values())


def factor(unit: str) -> float:
    # unknown units count as one
    return FACTORS.get(unit, 1.0)


def convert(lengths: list[tuple[float, str]]) -> list[float]:
    return [round(n * factor(unit), 6) for n, unit in lengths]


def read() -> list[tuple[float, str]]:
    return [(2.0, "m"), (5.0, "mm"), (3.0, UNIT)]


def mean(lengths: list[tuple[float, str]]) -> str:
    """Mean length, with its unit."""
    values = (convert(lengths))  # fmt: skip
    return f"{st.mean(values):.2f} {UNIT} (largest factor {LARGEST})"


def histogram(lengths: list[tuple[float, str]]) -> dict[str, int]:
    by_unit: defaultdict[str, int] = defaultdict(int)
    for unit, n in Counter(unit for _, unit in lengths).items():
        by_unit[unit] += n
    return dict(by_unit)


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


class CodeHelpersFlow(FlowSpec):
    """code_helpers"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.lengths = plain(read())
        self.next(self.mean, self.histogram)

    @step
    def mean(self):
        """Mean length, with its unit."""
        with empty_folder():
            self.mean_result = plain(mean(self.lengths))
        self.next(self.join_mean_histogram)

    @step
    def histogram(self):
        """Run `histogram`."""
        with empty_folder():
            self.histogram_result = plain(histogram(self.lengths))
        self.next(self.join_mean_histogram)

    @step
    def join_mean_histogram(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["histogram_result", "mean_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.mean_result, self.histogram_result]


if __name__ == "__main__":
    CodeHelpersFlow()
