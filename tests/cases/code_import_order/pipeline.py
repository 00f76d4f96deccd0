"""Modules run in the order of their imports, circular ones statement by statement; the last binding of a name counts."""

import shop.prices
from shop import *
from shop import goods as wares
from taxes import level

from pipec import pipeline, step


def both():
    return "of pipeline"


from levels import *  # noqa: E402


def down_of(x):
    return down(x)


@step
def look(n: int) -> list:
    return [GOODS, first_good(), cost("fig"), prices.TOTAL, shop.prices.BASE, wares.encoder.dumps(n), len(GOODS)]


@step
def levels_of(n: int) -> list:
    return [level(), both(), down_of(n + 0.5)]


@pipeline
def code_import_order(n: int = 2) -> list:
    return [look(n), levels_of(n)]
