"""Parameters of every kind of value, required and not; values on the command line are read by the parameter's type."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def show(**values: object) -> list[str]:
    return [f"{k}={v!r}" for k, v in values.items()]


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


class ParametersFlow(FlowSpec):
    """parameters"""

    rows = Parameter("rows", type=int, required=True)
    name_ = Parameter("name_", type=str, required=True)
    rate = Parameter("rate", default=0.5)
    flag = Parameter("flag", default=False)
    sizes = Parameter("sizes", type=JSONType, default="[1, 2]")
    options = Parameter("options", type=ExactJSON(), default='{"a": {"b": null}}')
    code = Parameter("code", default="007")
    note = Parameter("note", type=JSONType, default="null")
    pair = Parameter("pair", type=ExactJSON(), default='{"$tuple": [1, "x"]}')

    @step
    def start(self):
        """Start the flow."""
        self.next(self.show)

    @step
    def show(self):
        """Run `show`."""
        with empty_folder():
            self.show_result = plain(
                show(
                    rows=self.rows,
                    name=self.name_,
                    rate=self.rate,
                    flag=self.flag,
                    sizes=self.sizes,
                    options=self.options,
                    code=self.code,
                    note=self.note,
                    pair=self.pair,
                ),
            )
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `show_result`."""


if __name__ == "__main__":
    ParametersFlow()
