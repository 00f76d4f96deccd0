"""When two results are the same, and where they are said to differ."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from pipec.backends.python.compare import differences
from pipec.compiler.backend.results import FileResult

Pair = namedtuple("Pair", "a b")


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Report:
    score: float
    weights: Any = None


class Plain:
    """No `==` of its own."""

    def __init__(self, x: Any) -> None:
        self.x = x


class Slots:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


def fitted(c: float) -> LogisticRegression:
    return LogisticRegression(C=c).fit([[0.0], [1.0], [2.0]], [0, 1, 1])


def forest(seed: int) -> RandomForestClassifier:
    return RandomForestClassifier(5, random_state=seed).fit(np.arange(20).reshape(10, 2), [0, 1] * 5)


def circle(x: int) -> list[Any]:
    made: list[Any] = [x]
    made.append(made)
    return made


SAME: list[Any] = [
    lambda: None, lambda: 3, lambda: 2**80, lambda: -0.5, lambda: math.nan, lambda: "ü", lambda: b"\0", lambda: True,
    lambda: [1, (2.0, {"a": {1, 2}})], lambda: {1: math.nan}, lambda: Pair(1, math.nan), lambda: Colour.RED,
    lambda: np.arange(6.0).reshape(2, 3), lambda: np.array([1.0, np.nan]), lambda: np.array(["a", None], dtype=object),
    lambda: np.float64("nan"), lambda: np.array([(1, np.nan)], dtype=[("a", int), ("b", float)]),
    lambda: pd.DataFrame({"a": [1, None], "b": ["x", "y"]}), lambda: pd.Series([1.0, np.nan]), lambda: pd.Timestamp("2024-01-01"),
    lambda: Report(math.nan, np.arange(3)), lambda: Plain([Plain(math.nan)]), lambda: Slots(np.arange(3)),
    lambda: fitted(1.0), lambda: forest(1), lambda: FileResult("a.txt", "00"), lambda: circle(1), lambda: len,
    lambda: np.random.RandomState(3), lambda: range(3), lambda: 1 + 2j, lambda: frozenset({1}),
]  # fmt: skip


@pytest.mark.parametrize("make", SAME, ids=lambda make: type(make()).__name__)
def test_same(make: Any) -> None:
    assert differences(make(), make()) == []


OTHER: list[tuple[Any, Any, str]] = [
    (1, 1.0, ""), (1, True, ""), (1, np.int64(1), ""), (0.1, 0.2, ""), ("a", "b", ""), (None, 0, ""),
    ([1, 2], [1, 3], "[1]"), ([1], [1, 2], ""), ((1,), [1], ""), ({"a": [1]}, {"a": [2]}, "['a'][0]"),
    ({"a": 1}, {"b": 1}, ""), ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ""), ({1: "x"}, {True: "x"}, ""),
    ({1, 2}, {1, 3}, ""), ({1}, {1.0}, ""), (Pair(1, 2), Pair(1, 3), ".b"), (Colour.RED, Colour.BLUE, ""),
    (np.arange(3), np.arange(4), ""), (np.arange(3), np.arange(3.0), ""), (np.array([1, 2]), np.array([1, 3]), ""),
    (np.array([1, None], dtype=object), np.array([1, 2], dtype=object), "[1]"),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}), ""), (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]}), ""),
    (Report(0.1), Report(0.2), ".score"), (Report(0.1, np.arange(2)), Report(0.1, np.arange(3)), ".weights"),
    (Plain([1]), Plain([2]), ".x[0]"), (Plain(1), Slots(1), ""), (fitted(1.0), fitted(2.0), ".C"),
    (forest(1), forest(2), ".random_state"), (FileResult("a", "00"), FileResult("a", "01"), ""), (circle(1), circle(2), "[0]"),
    (range(3), range(4), "<made from>[1]"),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "path"), OTHER, ids=range(len(OTHER)))
def test_other(a: Any, b: Any, path: str) -> None:
    found = differences(a, b)
    assert found and found[0][0] == path, found
    assert differences(b, a), "either way round"


def test_many_places_are_cut_short() -> None:
    assert len(differences(list(range(1000)), list(range(1, 1001)))) == 10
