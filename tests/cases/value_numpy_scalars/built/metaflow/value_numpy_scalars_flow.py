"""NumPy scalars become Python's own numbers where a value is declared."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def scores() -> dict[str, float]:
    import numpy as np

    return {"accuracy": np.float64(0.75), "count": np.int64(3)}


def best() -> int:
    import numpy as np

    return np.argmax([1, 5, 2])


def flag() -> bool:
    import numpy as np

    return np.bool_(True)


def kinds(*values: object) -> list[str]:
    return [type(v).__name__ for v in values]


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


class ValueNumpyScalarsFlow(FreshArtifacts, FlowSpec):
    """value_numpy_scalars"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.scores, self.best, self.flag)

    @step
    def scores(self):
        """Run `scores`."""
        with empty_folder():
            self.s = plain(scores())
        self.next(self.kinds)

    @step
    def best(self):
        """Run `best`."""
        with empty_folder():
            self.b = plain(best())
        self.next(self.kinds)

    @step
    def flag(self):
        """Run `flag`."""
        with empty_folder():
            self.values_3 = plain(flag())
        self.next(self.kinds)

    @step
    def kinds(self, inputs):
        """Run `kinds`."""
        self.merge_artifacts(inputs, include=["b", "s", "values_3"])
        with empty_folder():
            self.kinds_result = plain(kinds(self.s["accuracy"], self.s["count"], self.b, self.values_3))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.kinds_result, self.s["accuracy"] > 0.5, self.b + 1]


if __name__ == "__main__":
    ValueNumpyScalarsFlow()
