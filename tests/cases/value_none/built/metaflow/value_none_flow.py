"""`None` as a result, an argument, a default, an element and the pipeline's parameter."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def nothing() -> None:
    return None


def maybe(n: int | None = None, label: str | None = "x") -> str | None:
    return None if n is None else f"{n}{label}"


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


class ValueNoneFlow(FlowSpec):
    """value_none"""

    limit = Parameter("limit", type=JSONType, default="null")
    label = Parameter("label", type=JSONType, default="null")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.nothing, self.maybe, self.maybe_3, self.maybe_4)

    @step
    def nothing(self):
        """Run `nothing`."""
        with empty_folder():
            self.none = plain(nothing())
        self.next(self.maybe_2)

    @step
    def maybe_2(self):
        """Run `maybe`."""
        with empty_folder():
            self.maybe_result_2 = plain(maybe(self.none))
        self.next(self.join)

    @step
    def maybe(self):
        """Run `maybe`."""
        with empty_folder():
            self.maybe_result = plain(maybe())
        self.next(self.join)

    @step
    def maybe_3(self):
        """Run `maybe`."""
        with empty_folder():
            self.maybe_result_3 = plain(maybe(self.limit, self.label))
        self.next(self.join)

    @step
    def maybe_4(self):
        """Run `maybe`."""
        with empty_folder():
            self.maybe_result_4 = plain(maybe(1, None))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs, include=["maybe_result", "maybe_result_2", "maybe_result_3", "maybe_result_4", "none"]
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [
            self.none,
            self.maybe_result,
            self.maybe_result_2,
            self.maybe_result_3,
            self.maybe_result_4,
            [self.none, None],
            {"k": self.none},
        ]


if __name__ == "__main__":
    ValueNoneFlow()
