"""Where the choices of a random module come from: Hypothesis, which shrinks, or a seed, which is fast."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Source(Protocol):
    """A source of choices."""

    def below(self, n: int) -> int:
        """A number from 0 to `n - 1`; the lower, the simpler."""
        ...


class Drawn:
    """Choices that Hypothesis draws."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def below(self, n: int) -> int:
        """As `Source`."""
        return self._draw(st.integers(0, n - 1))


class Seeded:
    """Choices of a seeded generator."""

    def __init__(self, generator: random.Random) -> None:
        self._random = generator

    def below(self, n: int) -> int:
        """As `Source`."""
        return self._random.randrange(n)


class Choice:
    """What the writers ask for."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def pick(self, options: Sequence[T]) -> T:
        """One of `options`; the earlier, the simpler."""
        return options[self._source.below(len(options))]

    def between(self, low: int, high: int) -> int:
        """A number, both ends included."""
        return low + self._source.below(high - low + 1)

    def one_in(self, n: int) -> bool:
        """True once in `n` times; not at all once all is simple."""
        return self._source.below(n) == n - 1
