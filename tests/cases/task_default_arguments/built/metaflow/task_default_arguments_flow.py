"""A step's defaults are part of its code and evaluated in the task; a pipeline's defaults are constants at build time."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step

RATE = 0.25
BASE = 4 * 4


def twice(n: int) -> int:
    return 2 * n


def price(amount: int = twice(BASE), rate: float = RATE, names: tuple[str, ...] = ("net", "gross")) -> dict[str, float]:
    return {names[0]: float(amount), names[1]: amount * (1 + rate)}


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


class TaskDefaultArgumentsFlow(FlowSpec):
    """task_default_arguments"""

    amount = Parameter("amount", default=17)
    label = Parameter("label", default="aaa")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.price, self.price_2, self.price_3)

    @step
    def price(self):
        """Run `price`."""
        with empty_folder():
            self.price_result = plain(price())
        self.next(self.join_price_price_2_price_3)

    @step
    def price_2(self):
        """Run `price`."""
        with empty_folder():
            self.price_result_2 = plain(price(self.amount))
        self.next(self.join_price_price_2_price_3)

    @step
    def price_3(self):
        """Run `price`."""
        with empty_folder():
            self.price_result_3 = plain(price(rate=0.5))
        self.next(self.join_price_price_2_price_3)

    @step
    def join_price_price_2_price_3(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["price_result", "price_result_2", "price_result_3"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.price_result, self.price_result_2, self.price_result_3, self.label]


if __name__ == "__main__":
    TaskDefaultArgumentsFlow()
