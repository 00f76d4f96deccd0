"""Annotations with a library that the function uses too, and annotations that decorators and steps look at."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import tempfile
import typing
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from metaflow import FlowSpec, Parameter, current, step


@dataclasses.dataclass
class Report:
    name: str
    weights: np.ndarray

    def total(self) -> float:
        return float(np.sum(self.weights))


@functools.singledispatch
def describe(value: object) -> str:
    return "object"


@describe.register
def _of_frame(frame: pd.DataFrame) -> str:
    return f"frame {frame.shape}"


def zeros(n: int) -> np.ndarray:
    return np.zeros(n)


def assess(n: int, start: np.ndarray) -> Report:
    return Report("weights", start + np.ones(n))


def total(report: Report) -> float:
    return report.total()


def fields(report: Report) -> list[str]:
    return [f"{name}: {kind.__name__}" for name, kind in typing.get_type_hints(type(report)).items()]


def described(n: int) -> str:
    return describe(pd.DataFrame({"a": range(n)})) + " " + describe(n)


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


class CodeAnnotationsReadFlow(FlowSpec):
    """code_annotations_read"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.zeros, self.described)

    @step
    def zeros(self):
        """Run `zeros`."""
        with empty_folder():
            self.start_2 = zeros(self.n)
        self.next(self.assess)

    @step
    def assess(self):
        """Run `assess`."""
        with empty_folder():
            self.report = assess(self.n, self.start_2)
        self.next(self.total, self.fields)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total(self.report))
        self.next(self.join_total_fields)

    @step
    def fields(self):
        """Run `fields`."""
        with empty_folder():
            self.fields_result = plain(fields(self.report))
        self.next(self.join_total_fields)

    @step
    def join_total_fields(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["fields_result", "total_result"])
        self.next(self.join)

    @step
    def described(self):
        """Run `described`."""
        with empty_folder():
            self.described_result = plain(described(self.n))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["described_result", "fields_result", "total_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.total_result, self.fields_result, self.described_result]


if __name__ == "__main__":
    CodeAnnotationsReadFlow()
