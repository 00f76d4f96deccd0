"""A pipeline may return artifacts: an array, a frame, a file, also inside a list."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaflow import FlowSpec, Parameter, current, step

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def weights(n: int) -> np.ndarray:
    import numpy as np

    return np.linspace(0, 1, n)


def table(weights: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"w": weights, "i": range(len(weights))})


def log(table: pd.DataFrame) -> Path:
    table.to_csv("log.csv", index=False)
    return Path("log.csv")


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


def pack(path: Any) -> Any:
    """A file or folder as an artifact: its name, and its bytes or those of a tar archive."""
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"step {current.step_name!r} returned a {type(path).__name__}; its annotation says a path")
    source = Path(path).resolve()
    if not source.exists():
        raise FileNotFoundError(f"step {current.step_name!r} returned {str(path)!r}, and there is no such file")
    if source.is_file():
        return {"name": source.name, "folder": False, "content": source.read_bytes()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(source, arcname=source.name)
    return {"name": source.name, "folder": True, "content": buffer.getvalue()}


class ArtifactResultFlow(FreshArtifacts, FlowSpec):
    """artifact_result"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.weights)

    @step
    def weights(self):
        """Run `weights`."""
        with empty_folder():
            self.w = weights(self.n)
        self.next(self.table)

    @step
    def table(self):
        """Run `table`."""
        with empty_folder():
            self.t = table(self.w)
        self.next(self.log)

    @step
    def log(self):
        """Run `log`."""
        with empty_folder():
            self.log_result = pack(log(self.t))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.w, self.t, self.log_result, self.n]


if __name__ == "__main__":
    ArtifactResultFlow()
