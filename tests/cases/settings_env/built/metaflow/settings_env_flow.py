"""Environment variables of a step are there in the local run too, and only in that step."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, environment, step


def with_mode() -> list[str | None]:
    return [os.environ.get("MODE"), os.environ.get("EMPTY"), os.environ.get("PRICE")]


def without_mode(_: list[str | None]) -> list[str | None]:
    return [os.environ.get("MODE"), os.environ.get("EMPTY")]


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


class SettingsEnvFlow(FreshArtifacts, FlowSpec):
    """settings_env"""

    @step
    def start(self):
        """Start the flow."""
        self.next(self.with_mode)

    @environment(vars={"MODE": "fast {{ ds }} $(HOME)", "EMPTY": "", "PRICE": "5 $$ 'net' $(EMPTY)\n{{workflow.name}}"})
    @step
    def with_mode(self):
        """Run `with_mode`."""
        with empty_folder():
            self.first = plain(with_mode())
        self.next(self.without_mode)

    @step
    def without_mode(self):
        """Run `without_mode`."""
        with empty_folder():
            self.without_mode_result = plain(without_mode(self.first))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.first, self.without_mode_result]


if __name__ == "__main__":
    SettingsEnvFlow()
