"""CPU, memory, GPUs, time limit, image, packages: settings of the cluster that change nothing in a local run."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, StepMutator, current, resources, retry, step, timeout
from metaflow.metaflow_config import DEFAULT_DATASTORE


def prepare(n: int) -> int:
    return n + 1


def train(n: int) -> int:
    return n * 2


def tune(n: int) -> int:
    return n * 3


def report(a: int, b: int) -> str:
    return f"{a} {b}"


class on_kubernetes(StepMutator):
    """Adds `@kubernetes` where a remote datastore is configured, so that the flow also runs without a cluster."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("kubernetes", deco_kwargs=self.kwargs)


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


class SettingsResourcesFlow(FlowSpec):
    """settings_resources"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.prepare)

    @timeout(hours=2)
    @resources(cpu=2, memory=4294.967296)
    @step
    def prepare(self):
        """Run `prepare`."""
        with empty_folder():
            self.rows = plain(prepare(self.n))
        self.next(self.train, self.tune)

    @on_kubernetes(cpu=0.5, memory=536.870912, gpu=1)
    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.a = plain(train(self.rows))
        self.next(self.report)

    @retry(times=2)
    @on_kubernetes(
        memory=34359.738368,
        gpu=2,
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    )
    @step
    def tune(self):
        """Run `tune`."""
        with empty_folder():
            self.b = plain(tune(self.rows))
        self.next(self.report)

    @on_kubernetes(memory=16000, image="python:3.12")
    @pypi_on_cluster(packages={"humanize": "4.9.0"})
    @step
    def report(self, inputs):
        """Run `report`."""
        self.merge_artifacts(inputs, include=["a", "b"])
        with empty_folder():
            self.report_result = plain(report(self.a, self.b))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `report_result`."""


if __name__ == "__main__":
    SettingsResourcesFlow()
