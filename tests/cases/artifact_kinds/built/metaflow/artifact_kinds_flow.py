"""The annotated paths: `Dataset`, `Model`, `HTML`, `Markdown`, and plain `Path`; and metrics."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, current, step


def saved(name: str, text: str) -> Path:
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


def data() -> Path:
    return saved("data.csv", "a,b\n1,2\n")


def fit(data: Path) -> Path:
    return saved("model.txt", data.read_text(encoding="utf-8").upper())


def page(model: Path) -> Path:
    return saved("page.html", f"<pre>{model.read_text(encoding='utf-8')}</pre>")


def card(model: Path) -> Path:
    return saved("card.md", f"# Card\n{model.name}\n")


def raw(card: Path) -> Path:
    return saved("raw.bin", card.read_text(encoding="utf-8") * 2)


def sizes(*files: Path) -> dict[str, float]:
    return {file.name: float(file.stat().st_size) for file in files}


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


class ArtifactKindsFlow(FreshArtifacts, FlowSpec):
    """artifact_kinds"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.data)

    @step
    def data(self):
        """Run `data`."""
        with empty_folder():
            self.dataset = pack(data())
        self.next(self.fit)

    @step
    def fit(self):
        """Run `fit`."""
        with empty_folder():
            self.model = pack(fit(unpack(self.dataset)))
        self.next(self.card, self.page)

    @step
    def card(self):
        """Run `card`."""
        with empty_folder():
            self.notes = pack(card(unpack(self.model)))
        self.next(self.raw)

    @step
    def raw(self):
        """Run `raw`."""
        with empty_folder():
            self.files_4 = pack(raw(unpack(self.notes)))
        self.next(self.sizes)

    @step
    def page(self):
        """Run `page`."""
        with empty_folder():
            self.files_2 = pack(page(unpack(self.model)))
        self.next(self.sizes)

    @step
    def sizes(self, inputs):
        """Run `sizes`."""
        self.merge_artifacts(inputs, include=["dataset", "files_2", "files_4", "model", "notes"])
        with empty_folder():
            self.sizes_result = plain(
                sizes(
                    unpack(self.dataset),
                    unpack(self.model),
                    unpack(self.files_2),
                    unpack(self.notes),
                    unpack(self.files_4),
                ),
            )
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `sizes_result`."""


if __name__ == "__main__":
    ArtifactKindsFlow()
