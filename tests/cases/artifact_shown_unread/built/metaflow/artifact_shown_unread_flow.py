"""Results that say what they are (`Metrics`, `Model`, `HTML`, ...) are stored and shown though no step reads them."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def train(rate: float) -> tuple[Path, dict[str, float]]:
    model = Path("model.txt")
    model.write_text(str(rate), encoding="utf-8")
    return model, {"loss": rate}


def evaluate(rate: float) -> dict[str, float]:
    return {"accuracy": 1 - rate}


def page(rate: float) -> Path:
    file = Path("page.html")
    file.write_text(f"<p>{rate}</p>", encoding="utf-8")
    return file


def log(rate: float) -> Path:
    file = Path("log.txt")
    file.write_text(str(rate), encoding="utf-8")
    return file


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


class ArtifactShownUnreadFlow(FlowSpec):
    """artifact_shown_unread"""

    rates = Parameter("rates", type=JSONType, default="[0.1, 0.2]")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.evaluate)

    @step
    def evaluate(self):
        """Run `evaluate`."""
        with empty_folder():
            self.evaluate_result = plain(evaluate(0.5))
        self.next(self.train, self.log, self.list_rate)

    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            model, metrics = train(0.1)
            self.model = pack(model)
            self.metrics = plain(metrics)
        self.next(self.join)

    @step
    def log(self):
        """Run `log`."""
        with empty_folder():
            log(0.2)
        self.next(self.join)

    @step
    def list_rate(self):
        """List what `rate` goes through."""
        self.rate_values = list(self.rates)
        self.any_rate = bool(self.rate_values)
        self.next({True: self.each_rate, False: self.no_rate}, condition="any_rate")

    @step
    def each_rate(self):
        """Start a task for each `rate`."""
        self.next(self.page, foreach="rate_values")

    @step
    def page(self):
        """Run `page`."""
        with empty_folder():
            self.page_result = pack(page(self.input))
        self.next(self.join_rate)

    @step
    def join_rate(self, inputs):
        """Wait for all items."""
        self.next(self.after)

    @step
    def no_rate(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.next(self.end)

    @step
    def end(self):
        """Finish the flow."""


if __name__ == "__main__":
    ArtifactShownUnreadFlow()
