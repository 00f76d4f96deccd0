"""Names that only `global`, a module's `__getattr__`, a type checker or a library's star import bind."""

from math import *
from typing import TYPE_CHECKING

from counters import COUNT, bump
from made_up import LIMIT

from pipec import pipeline, step

if TYPE_CHECKING:
    from decimal import Decimal


def set_up() -> None:
    global MODEL  # PC111
    MODEL = 5


@step
def work(n: int) -> list:
    set_up()
    bump()
    return [
        MODEL,  # PC111
        LIMIT,  # PC111
        Decimal(n),  # PC106
        pow(n, 2),  # PC111
        len([n]),
    ]


@step
def count(n: int) -> int:
    bump()
    return COUNT + n  # PC111


@pipeline
def p(n: int = 3) -> list:
    return [work(n), count(n)]
