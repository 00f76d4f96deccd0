"""Of two equal names of different modules one changes in generated code, which must not show where it matters."""

import other
from registry import REGISTRY, register

from pipec import pipeline, step


def plain(n: int) -> int:  # PC111 at this line of other.py
    return n


def shown(n: int) -> int:
    return n  # PC111 at this line of other.py


@step
def work(n: int) -> list:
    return [plain(n), shown(n), other.shown(n), other.Box.plain(n), sorted(REGISTRY)]


@pipeline
def p(n: int = 3) -> list:
    return work(n)
