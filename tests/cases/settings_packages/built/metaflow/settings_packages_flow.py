"""Packages of the cluster: a run on one's own machine leaves the environment as it is, so it installs none of them."""

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, StepMutator, current, step
from metaflow.metaflow_config import DEFAULT_DATASTORE


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


class pypi_on_cluster(StepMutator):
    """Adds `@pypi` where a remote datastore is configured; deploy with `--environment=pypi`."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("pypi", deco_kwargs=self.kwargs)


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


class SettingsPackagesFlow(FlowSpec):
    """settings_packages"""

    @step
    def start(self):
        """Start the flow."""
        self.name_values = ["json", "no_such_package"]
        self.next(self.installed, foreach="name_values")

    @pypi_on_cluster(packages={"pipec-tests-no-such-package": "1.0"})
    @step
    def installed(self):
        """Run `installed`."""
        with empty_folder():
            self.installed_result = plain(installed(self.input))
        self.next(self.gather_installed_results)

    @step
    def gather_installed_results(self, inputs):
        """Collect the results of each `name`, in order."""
        self.installed_results = [task.installed_result for task in inputs]
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `installed_results`."""


if __name__ == "__main__":
    SettingsPackagesFlow()
