"""Steps that import functions of their own names from modules of the project, in their bodies."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step

RATE = 0.25


def train(values: list[float]) -> float:
    # what the step is called does not matter in here
    def again(scale: float) -> float:
        return training_train(filter_(values), rate=scale * RATE)

    return training_train(values) + again(2.0)


def lowest(values: list[float]) -> float:
    import math

    return math.floor(other_train(values))


def evaluate(model: float, low: float, values: list[float]) -> str:
    return f"{training_evaluate(model, values)} at {training_RATE}, from {low}"


training_RATE = 0.5


def training_train(values: list[float], rate: float = training_RATE) -> float:
    return sum(values) * rate


def training_evaluate(model: float, values: list[float]) -> float:
    return max(abs(value - model) for value in values)


def filter_(values: list[float]) -> list[float]:
    return [value for value in values if value > 0]


def other_train(values: list[float]) -> float:
    return min(values)


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


class CodeModulesNamedAlikeFlow(FlowSpec):
    """code_modules_named_alike"""

    values = Parameter("values", type=JSONType, default="[1.0, -2.0, 4.0]")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.train, self.lowest)

    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.model = plain(train(self.values))
        self.next(self.evaluate)

    @step
    def lowest(self):
        """Run `lowest`."""
        with empty_folder():
            self.low = plain(lowest(self.values))
        self.next(self.evaluate)

    @step
    def evaluate(self, inputs):
        """Run `evaluate`."""
        self.merge_artifacts(inputs, include=["low", "model"])
        with empty_folder():
            self.evaluate_result = plain(evaluate(self.model, self.low, self.values))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `evaluate_result`."""


if __name__ == "__main__":
    CodeModulesNamedAlikeFlow()
