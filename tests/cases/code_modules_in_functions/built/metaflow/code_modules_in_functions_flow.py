"""Functions that import the project's modules themselves, as people do to keep the file quick to load."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def offer(name: str, percent: int) -> None:
    KNOWN[name] = percent


KNOWN: dict[str, int] = {}

offer("welcome", 10)  # runs as this module is imported, and imports another one


def load(rows: int) -> list[int]:
    """Prices, in cents."""

    return [with_tax(price) for price in first(rows)]


def total(order: Order) -> int:
    return order.total()


def bill(prices: list[int], coupon: bool) -> str:
    import json

    order = Order(prices)
    if coupon:
        order = Order([*order.prices, -rebate(prices, KNOWN["welcome"])])
    text = json.dumps({"items": len(order.prices)})
    return line(total(order)) + text


RATE = 0.2


def with_tax(price: int) -> int:
    return round(price * (1 + RATE))


def rebate(prices: list[int], percent: int) -> int:
    """What a coupon takes off, from three items on."""

    return Order(prices).total() * percent // 100 if len(prices) > 2 else 0


@dataclass
class Order:
    prices: list[int]

    def total(self) -> int:
        assert RATE == RATE
        return sum(self.prices)


def line(cents: int) -> str:
    return f"{cents / 100:.2f} "


PRICES = (199, 1299, 50, 75)


def first(count: int) -> tuple[int, ...]:
    return PRICES[:count]


@contextlib.contextmanager
def empty_folder() -> Iterator[None]:
    """Run in an empty working folder, without standard input; a function that exits the process has failed."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # local runs leave it open: a function that reads it would wait for ever
        os.chdir(tempfile.mkdtemp(dir=folder))
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"step {current.step_name!r} called sys.exit({error.code!r})") from error
        finally:
            os.chdir(before)


def plain(value: Any) -> Any:
    """The result of a step as plain Python data: scalars of NumPy, enums and named tuples become what they hold."""
    for kind in (bool, str, int, float, bytes):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(plain(item) for item in value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if any(kind.__module__ == "numpy" and kind.__name__ == "generic" for kind in type(value).__mro__):
        item = value.item()
        if type(item) is not type(value):
            return plain(item)
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"step {current.step_name!r} returned a {name}, which cannot travel as a value; "
        f"annotate its result as an object artifact, such as `-> {type(value).__qualname__}` or `-> object`"
    )


class CodeModulesInFunctionsFlow(FlowSpec):
    """code_modules_in_functions"""

    rows = Parameter("rows", default=3)
    coupon = Parameter("coupon", default=True)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @step
    def load(self):
        """Prices, in cents."""
        with empty_folder():
            self.prices = plain(load(self.rows))
        self.next(self.bill)

    @step
    def bill(self):
        """Run `bill`."""
        with empty_folder():
            self.bill_result = plain(bill(self.prices, self.coupon))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `bill_result`."""


if __name__ == "__main__":
    CodeModulesInFunctionsFlow()
