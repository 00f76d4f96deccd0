"""Tuples stay tuples, keys keep their types and order, `None` and empty containers arrive."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def nested() -> dict:
    return {
        2: (1, (2, [3, ()]), {}),
        "2": None,
        None: [],
        (1, "a"): {"$tuple": [1]},
        True: {"": {}},
        1.5: [[], [[]], {}],
        "$dict": "not a tag",
    }


def show(value: dict) -> str:
    return repr(value)


def key_types(value: dict) -> list[str]:
    return [type(k).__name__ for k in value]


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class ValueContainersFlow(FreshArtifacts, FlowSpec):
    """value_containers"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.nested)

    @step
    def nested(self):
        """Run `nested`."""
        with empty_folder():
            self.value = plain(nested())
        self.next(self.show, self.key_types)

    @step
    def show(self):
        """Run `show`."""
        with empty_folder():
            self.show_result = plain(show(self.value))
        self.next(self.join_show_key_types)

    @step
    def key_types(self):
        """Run `key_types`."""
        with empty_folder():
            self.key_types_result = plain(key_types(self.value))
        self.next(self.join_show_key_types)

    @step
    def join_show_key_types(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["key_types_result", "show_result", "value"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        value = self.value
        self.result = [self.show_result, self.key_types_result, value[2], value[1, "a"], value["$dict"], value]


if __name__ == "__main__":
    ValueContainersFlow()
