"""An artifact or `None`: the body may ask which, and steps get either."""

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


def fit(n: int) -> np.ndarray | None:
    import numpy as np

    return np.arange(n) if n > 2 else None


def export(n: int) -> Path | None:
    if n <= 2:
        return None
    Path("model.txt").write_text(str(n), encoding="utf-8")
    return Path("model.txt")


def describe(model: np.ndarray | None, file: Path | None) -> str:
    return f"{None if model is None else model.tolist()} {file and file.read_text(encoding='utf-8')}"


def fallback() -> np.ndarray:
    import numpy as np

    return np.zeros(1)


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


def unpack(packed: Any) -> Any:
    """A private copy of a packed file or folder, beside the working folder."""
    if packed is None:
        return None
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent), packed["name"])
    if packed["folder"]:
        with tarfile.open(fileobj=io.BytesIO(packed["content"])) as archive:
            archive.extractall(target.parent, filter="data")
    else:
        target.write_bytes(packed["content"])
    return target


class ArtifactOptionalFlow(FreshArtifacts, FlowSpec):
    """artifact_optional"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fit)

    @step
    def fit(self):
        """Run `fit`."""
        with empty_folder():
            self.model = fit(self.n)
        self.next(self.export, self.check_model)

    @step
    def export(self):
        """Run `export`."""
        with empty_folder():
            file = export(self.n)
            self.file = pack(file)
        self.next(self.describe)

    @step
    def describe(self):
        """Run `describe`."""
        with empty_folder():
            self.text = plain(describe(self.model, unpack(self.file)))
        self.next(self.join_describe_describe_2)

    @step
    def check_model(self):
        """Choose a branch."""
        self.if_model = bool(self.model is None)
        self.next({True: self.fallback, False: self.skip_model}, condition="if_model")

    @step
    def fallback(self):
        """Run `fallback`."""
        with empty_folder():
            self.model_3 = fallback()
        self.next(self.describe_2)

    @step
    def skip_model(self):
        """Set what the branches have in common."""
        self.model_3 = self.model
        self.next(self.describe_2)

    @step
    def describe_2(self):
        """Run `describe`."""
        with empty_folder():
            self.describe_result = plain(describe(self.model_3, None))
        self.next(self.join_describe_describe_2)

    @step
    def join_describe_describe_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["describe_result", "file", "text"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.text, self.file is not None, self.describe_result]


if __name__ == "__main__":
    ArtifactOptionalFlow()
