"""A DataFrame keeps its dtypes, index and missing values; a NumPy array its dtype and shape."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from metaflow import FlowSpec, current, step

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def load() -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int64"),
            "when": pd.to_datetime(["2024-01-01", "2024-02-29", None]),
            "kind": pd.Categorical(["a", "b", "a"]),
            "text": ["x", "ü", None],
        },
        index=[10, 20, 30],
    )
    return frame


def describe(frame: pd.DataFrame) -> list[str]:
    return [str(t) for t in frame.dtypes] + [str(frame.index.tolist()), str(frame["n"].sum())]


def image(n: int) -> np.ndarray:
    import numpy as np

    return np.arange(n * n, dtype=np.uint8).reshape(n, n)


def shape(pixels: np.ndarray) -> str:
    return f"{pixels.dtype}{pixels.shape}"


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


class ArtifactFrameFlow(FlowSpec):
    """artifact_frame"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load, self.image)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.frame = load()
        self.next(self.describe)

    @step
    def describe(self):
        """Run `describe`."""
        with empty_folder():
            self.describe_result = plain(describe(self.frame))
        self.next(self.join_describe_shape)

    @step
    def image(self):
        """Run `image`."""
        with empty_folder():
            self.pixels = image(3)
        self.next(self.shape)

    @step
    def shape(self):
        """Run `shape`."""
        with empty_folder():
            self.shape_result = plain(shape(self.pixels))
        self.next(self.join_describe_shape)

    @step
    def join_describe_shape(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["describe_result", "shape_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.describe_result, self.shape_result]


if __name__ == "__main__":
    ArtifactFrameFlow()
