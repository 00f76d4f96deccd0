"""Steps, helpers and constants of other modules and packages, under aliases; two helpers share a name."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, StepMutator, current, step
from metaflow.metaflow_config import DEFAULT_DATASTORE

LIMIT = 3
GREETING = "  Hello There "


def features_text_normalize(text: str) -> str:
    return " ".join(text.split()).lower()


def clean(words: list[str]) -> list[str]:
    """A step without a decorator, in another module."""
    return [features_text_normalize(w) for w in words]


def shorten(word: str) -> str:
    return word[: LIMIT]


def lengths(words: list[str]) -> list[int]:
    return [len(w) for w in words]


FACTOR = 0.5


def scale(values: list[int]) -> list[float]:
    return [v * FACTOR for v in values]


def normalize(text: str) -> str:
    return f"<{text}>"


def read() -> list[str]:
    return [GREETING, "  Two  "]


def mark(words: list[str]) -> list[str]:
    return [normalize(shorten(w)) for w in words]


class on_kubernetes(StepMutator):
    """Adds `@kubernetes` where a remote datastore is configured, so that the flow also runs without a cluster."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("kubernetes", deco_kwargs=self.kwargs)


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


class CodeModulesFlow(FlowSpec):
    """code_modules"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.read)

    @step
    def read(self):
        """Run `read`."""
        with empty_folder():
            self.words = plain(read())
        self.next(self.clean)

    @step
    def clean(self):
        """A step without a decorator, in another module."""
        with empty_folder():
            self.words_2 = plain(clean(self.words))
        self.next(self.lengths, self.mark)

    @step
    def lengths(self):
        """Run `lengths`."""
        with empty_folder():
            self.lengths_2 = plain(lengths(self.words_2))
        self.next(self.scale)

    @on_kubernetes(memory=268.435456)
    @step
    def scale(self):
        """Run `scale`."""
        with empty_folder():
            self.scale_result = plain(scale(self.lengths_2))
        self.next(self.join_scale_mark)

    @step
    def mark(self):
        """Run `mark`."""
        with empty_folder():
            self.mark_result = plain(mark(self.words_2))
        self.next(self.join_scale_mark)

    @step
    def join_scale_mark(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["mark_result", "scale_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.mark_result, self.scale_result, 3]


if __name__ == "__main__":
    CodeModulesFlow()
