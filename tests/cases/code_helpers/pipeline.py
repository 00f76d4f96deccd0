"""Helpers, constants and imports that a step reaches go with it, transitively; comments and formatting survive."""

import math
import statistics as st
from collections import Counter, defaultdict

from pipec import pipeline, step

# The unit that all lengths are in.
UNIT = "cm"
FACTORS = {"mm": 0.1, UNIT: 1.0, "m": 100.0}
LARGEST = max(FACTORS.values())
unused = math.tau  # reached by nothing


def factor(unit: str) -> float:
    # unknown units count as one
    return FACTORS.get(unit, 1.0)


def convert(lengths: list[tuple[float, str]]) -> list[float]:
    return [round(n * factor(unit), 6) for n, unit in lengths]


def not_reached() -> str:
    return "nobody calls me"


@step
def read() -> list[tuple[float, str]]:
    return [(2.0, "m"), (5.0, "mm"), (3.0, UNIT)]


@step
def mean(lengths: list[tuple[float, str]]) -> str:
    """Mean length, with its unit."""
    values = (convert(lengths))  # fmt: skip
    return f"{st.mean(values):.2f} {UNIT} (largest factor {LARGEST})"


@step
def histogram(lengths: list[tuple[float, str]]) -> dict[str, int]:
    by_unit: defaultdict[str, int] = defaultdict(int)
    for unit, n in Counter(unit for _, unit in lengths).items():
        by_unit[unit] += n
    return dict(by_unit)


@pipeline
def code_helpers() -> list[object]:
    lengths = read()
    return [mean(lengths), histogram(lengths)]
