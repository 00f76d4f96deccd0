"""Steps in containers of Docker on Airflow, and what of their settings Docker can give."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from metaflow import FlowSpec, Parameter, StepMutator, current, environment, step
from metaflow.metaflow_config import DEFAULT_DATASTORE


def label(values: list[int]) -> str:
    return "-".join(map(str, values))


def numbers(n: int) -> list[int]:
    return list(range(n))


def train(values: list[int]):
    return {os.environ["MODE"]: (label(values), float("nan"))}


def write(weights) -> Path:
    file = Path("weights.txt")
    file.write_text(str(weights))
    return file


def first(file: Path, name: str) -> str:
    return f"{name}: {file.read_text()}"


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


def storable(value: Any) -> Any:
    """The result of a step, which must be no function: Metaflow would drop it without a word."""
    if isinstance(value, (FunctionType, MethodType)):
        raise TypeError(f"step {current.step_name!r} returned a function, which Metaflow does not store")
    return value


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


class SettingsDockerFlow(FlowSpec):
    """settings_docker"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.numbers)

    @on_kubernetes(image="registry.example.com/ml:1.4")
    @step
    def numbers(self):
        """Run `numbers`."""
        with empty_folder():
            self.values = plain(numbers(self.n))
        self.next(self.train)

    @environment(vars={"MODE": "{{ ds }}.sh"})
    @on_kubernetes(
        cpu=1.5,
        memory=8589.934592,
        disk=21474.83648,
        gpu=2,
        shared_memory=1024,
        image="registry.example.com/train:1",
        service_account="trainer",
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB", "disk": "ssd"},
        tolerations=[
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "spot", "operator": "Exists"},
        ],
        labels={"team": "vision"},
        annotations={"example.com/cost-center": "42"},
    )
    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.weights = storable(train(self.values))
        self.next(self.write)

    @on_kubernetes(image="registry.example.com/ml:1.4")
    @pypi_on_cluster(packages={"attrs": ">=23"}, python="3.11")
    @step
    def write(self):
        """Run `write`."""
        with empty_folder():
            self.file = pack(write(self.weights))
        self.next(self.first)

    @on_kubernetes(image="registry.example.com/ml:1.4")
    @step
    def first(self):
        """Run `first`."""
        with empty_folder():
            self.first_result = plain(first(unpack(self.file), "weights.sh"))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `first_result`."""


if __name__ == "__main__":
    SettingsDockerFlow()
