"""Annotations with a library that the function uses too, and annotations that decorators and steps look at."""

import dataclasses
import functools
import typing

import numpy as np
import pandas as pd

from pipec import pipeline, step


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


@step
def zeros(n: int) -> np.ndarray:
    return np.zeros(n)


@step
def assess(n: int, start: np.ndarray) -> Report:
    return Report("weights", start + np.ones(n))


@step
def total(report: Report) -> float:
    return report.total()


@step
def fields(report: Report) -> list[str]:
    return [f"{name}: {kind.__name__}" for name, kind in typing.get_type_hints(type(report)).items()]


@step
def described(n: int) -> str:
    return describe(pd.DataFrame({"a": range(n)})) + " " + describe(n)


@pipeline
def code_annotations_read(n: int = 3) -> list[object]:
    report = assess(n, zeros(n))
    return [total(report), fields(report), described(n)]
