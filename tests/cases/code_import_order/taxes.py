"""Imported in the middle of `shop.prices`."""

from shop import prices

TAX = prices.BASE // 5


def discount(good):
    return prices.TOTAL if good == "none" else 0


def level():
    return "of taxes"
