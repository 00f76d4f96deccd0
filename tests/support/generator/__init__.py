"""Random pipeline modules over the whole language: every one is valid Python that runs by itself.

Graphs are arbitrary, names are reused on purpose, values are of all kinds, and a few pipelines fail. Each construct has
a switch (`features`), so that a law or a campaign takes what it can judge.
"""

from __future__ import annotations

import random

from hypothesis import strategies as st

from tests.support.generator.choice import Drawn, Seeded
from tests.support.generator.features import FAILURES, LANGUAGE, LAWS, chosen
from tests.support.generator.module import module

__all__ = ["FAILURES", "LANGUAGE", "LAWS", "chosen", "graphs", "modules", "seeded"]

GRAPHS = frozenset(("crossing", "effects", "parallel", "objects", "dicts"))
"""What makes graphs that are hard to nest, and nothing that is refused."""


@st.composite
def modules(draw: st.DrawFn, features: frozenset[str] = LAWS, size: int = 12) -> str:
    """The source of a module with a pipeline `main()` of about `size` statements; Hypothesis shrinks it."""
    return module(Drawn(draw), features, size)


def seeded(seed: int, number: int, features: frozenset[str] = LANGUAGE, size: int = 12) -> str:
    """The module with that number of a campaign; the same one every time, whatever ran before."""
    return module(Seeded(random.Random(f"{seed}/{number}")), features, size)


def graphs(seed: int, number: int, size: int = 16) -> str:
    """A module whose graph is hard to nest, as `seeded`."""
    return seeded(seed, number, GRAPHS, size)
