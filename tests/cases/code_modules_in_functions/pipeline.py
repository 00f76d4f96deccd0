"""Functions that import the project's modules themselves, as people do to keep the file quick to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec import pipeline, step

if TYPE_CHECKING:
    from shop.orders import Order


def offer(name: str, percent: int) -> None:
    from shop.coupons import KNOWN

    KNOWN[name] = percent


offer("welcome", 10)  # runs as this module is imported, and imports another one


@step
def load(rows: int) -> list[int]:
    """Prices, in cents."""
    from shop import prices as listed
    from shop.taxes import with_tax

    return [with_tax(price) for price in listed.first(rows)]


def total(order: Order) -> int:
    return order.total()


@step
def bill(prices: list[int], coupon: bool) -> str:
    import json

    import shop.texts
    from shop.orders import Order  # also named above, for type checkers

    order = Order(prices)
    if coupon:
        from shop import coupons
        from shop.taxes import rebate

        order = Order([*order.prices, -rebate(prices, coupons.KNOWN["welcome"])])
    text = json.dumps({"items": len(order.prices)})
    return shop.texts.line(total(order)) + text


@pipeline
def code_modules_in_functions(rows: int = 3, coupon: bool = True) -> str:
    return bill(load(rows), coupon)
