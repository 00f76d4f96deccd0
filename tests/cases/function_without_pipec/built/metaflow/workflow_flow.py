"""A module that does not import pipec compiles too: the pipeline is named on the command line, settings in pyproject.toml."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, StepMutator, current, retry, step
from metaflow.metaflow_config import DEFAULT_DATASTORE


def load(rows):
    return list(range(rows))


def mean(numbers):
    return sum(numbers) / len(numbers)


def describe(value) -> str:
    return f"mean {value}"


class on_kubernetes(StepMutator):
    """Adds `@kubernetes` where a remote datastore is configured, so that the flow also runs without a cluster."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("kubernetes", deco_kwargs=self.kwargs)


class ExactJSON(type(JSONType)):
    """JSON, with `{"$tuple": [...]}`, `$set`, `$frozenset`, `$bytes` (hex) and `$dict` (pairs) for what it has not."""

    def convert(self, value, param, ctx):
        return self.untagged(super().convert(value, param, ctx))

    def untagged(self, value):
        if isinstance(value, list):
            return [self.untagged(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((tag, items),) = value.items()
            kind = {"$tuple": tuple, "$set": set, "$frozenset": frozenset, "$dict": dict}.get(tag)
            if tag == "$bytes":
                return bytes.fromhex(items)
            if kind is not None:
                return kind(tuple(item) if kind is dict else item for item in self.untagged(items))
        return {key: self.untagged(item) for key, item in value.items()}


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


def storable(value: Any) -> Any:
    """The result of a step, which must be no function: Metaflow would drop it without a word."""
    if isinstance(value, (FunctionType, MethodType)):
        raise TypeError(f"step {current.step_name!r} returned a function, which Metaflow does not store")
    return value


class WorkflowFlow(FlowSpec):
    """workflow"""

    rows = Parameter("rows", type=ExactJSON(), default="5")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @retry(times=1)
    @on_kubernetes(memory=1073.741824)
    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.numbers = storable(load(self.rows))
        self.next(self.mean)

    @step
    def mean(self):
        """Run `mean`."""
        with empty_folder():
            self.value = storable(mean(self.numbers))
        self.next(self.describe)

    @step
    def describe(self):
        """Run `describe`."""
        with empty_folder():
            self.describe_result = plain(describe(self.value))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `describe_result`."""


if __name__ == "__main__":
    WorkflowFlow()
