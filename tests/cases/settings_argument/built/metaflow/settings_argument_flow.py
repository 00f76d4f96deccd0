"""Settings that calls give: the argument, its default, an item of a loop that is unrolled, what a group is called with."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, StepMutator, current, environment, resources, step
from metaflow.metaflow_config import DEFAULT_DATASTORE


def train(rows: int, memory: str = "4Gi", gpus: int = 1, *, mode: str = "fast", secret: str = "registry") -> str:
    return f"{rows} rows in {memory}, {mode}"


def count(text: str, memory: str | None, cores: int = 2) -> str:
    return f"{len(text)} letters, {cores} cores"


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


class SettingsArgumentFlow(FlowSpec):
    """settings_argument"""

    rows = Parameter("rows", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.train, self.train_2)

    @environment(vars={"MODE": "fast", "LEVEL": "info"})
    @on_kubernetes(
        memory=4294.967296,
        gpu=1,
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        secrets=["registry"],
    )
    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.text = plain(train(self.rows))
        self.next(self.count)

    @resources(cpu=2)
    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.text_2 = plain(count(self.text, None))
        self.next(self.count_2)

    @on_kubernetes(cpu=2, memory=2000)
    @step
    def count_2(self):
        """Run `count`."""
        with empty_folder():
            self.text_3 = plain(count(self.text_2, "2GB"))
        self.next(self.count_3)

    @on_kubernetes(cpu=2, memory=536.870912)
    @step
    def count_3(self):
        """Run `count`."""
        with empty_folder():
            self.text_4 = plain(count(self.text_3, "512Mi"))
        self.next(self.join_count_3_count_4)

    @environment(vars={"MODE": "fast", "LEVEL": "info"})
    @on_kubernetes(
        memory=16000,
        gpu=1,
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        secrets=["registry"],
    )
    @step
    def train_2(self):
        """Run `train`."""
        with empty_folder():
            self.train_result = plain(train(self.rows, "16GB"))
        self.next(self.count_4)

    @on_kubernetes(cpu=4, memory=1073.741824)
    @step
    def count_4(self):
        """Run `count`."""
        with empty_folder():
            self.count_result = plain(count(self.train_result, "1Gi", 4))
        self.next(self.join_count_3_count_4)

    @step
    def join_count_3_count_4(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["count_result", "text_4"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = (self.text_4, self.count_result)


if __name__ == "__main__":
    SettingsArgumentFlow()
