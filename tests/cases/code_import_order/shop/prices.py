"""Needs `taxes`, which needs this module: what each finds of the other depends on the order of statements."""

BASE = 10

import taxes  # noqa: E402

TOTAL = BASE + taxes.TAX


def price_of(good):
    return TOTAL * len(good) + taxes.discount(good)
