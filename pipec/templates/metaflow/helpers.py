"""Helpers that a generated flow takes along, each only where it is used."""

import contextlib
import hashlib
import io
import itertools
import os
import pickle
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from metaflow import S3, Flow, FlowSpec, JSONType, StepMutator, current, user_step_decorator
from metaflow.integrations import ArgoEvent
from metaflow.metaflow_config import DEFAULT_DATASTORE
from metaflow.plugins.timeout_decorator import TimeoutException


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


class on_kubernetes(StepMutator):
    """Adds `@kubernetes` where a remote datastore is configured, so that the flow also runs without a cluster."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("kubernetes", deco_kwargs=self.kwargs)


class on_batch(StepMutator):
    """Adds `@batch` where a remote datastore is configured, so that the flow also runs without AWS."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("batch", deco_kwargs=self.kwargs)


class secrets_on_batch(StepMutator):
    """Adds `@secrets` where a remote datastore is configured: the keys of secrets of AWS Secrets Manager as variables."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("secrets", deco_kwargs=self.kwargs)


class pypi_on_cluster(StepMutator):
    """Adds `@pypi` where a remote datastore is configured; deploy with `--environment=pypi`."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("pypi", deco_kwargs=self.kwargs)


@user_step_decorator
def failure_message(step_name, flow, inputs, attributes):
    """Beside `@catch`: keeps the message of a failure as an artifact, and `None` for what the step has not made."""
    message = None
    try:
        yield
    except Exception as error:
        message = str(error)
        for name in attributes.get("outputs", ()):
            setattr(flow, name, None)
        raise
    finally:
        setattr(flow, attributes["artifact"], message)


@user_step_decorator
def time_limit_message(step_name, flow, inputs, attributes):
    """Beside `@timeout`: says in one line that the time is over, where Metaflow's message goes on with the stack."""
    try:
        yield
    except TimeoutException as error:
        raise TimeoutError(attributes["text"]) from error


class ExactJSON(type(JSONType)):
    """JSON, with `{"$tuple": [...]}`, `$set`, `$frozenset`, `$bytes` (hex) and `$dict` (pairs) for what it has not."""

    def convert(self, value, param, ctx):
        return self.untagged(super().convert(value, param, ctx))

    def untagged(self, value):
        if isinstance(value, list):
            return [self.untagged(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((tag, items),) = value.items()
            kind = {"$tuple": tuple, "$set": set, "$frozenset": frozenset, "$dict": dict}.get(tag)
            if tag == "$bytes":
                return bytes.fromhex(items)
            if kind is not None:
                return kind(tuple(item) if kind is dict else item for item in self.untagged(items))
        return {key: self.untagged(item) for key, item in value.items()}


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


@contextlib.contextmanager
def telling(tell: Callable[[str], Any], step: str, retries: int = 0) -> Iterator[None]:
    """Call `tell` with a message once the step has failed for good; of runs with a local datastore nobody is told."""
    try:
        yield
    except Exception as error:
        if current.retry_count >= retries and DEFAULT_DATASTORE != "local":
            tell(f"step {step} has failed: {error}")
        raise


@contextlib.contextmanager
def watched(limit: timedelta, step: str, tell: Callable[[str], Any] | None = None) -> Iterator[None]:
    """Say once that an attempt takes longer than `limit`, and let it go on; with a local datastore nobody is told."""
    message = f"step {step} is still running after {limit} ({current.pathspec})"

    def late() -> None:
        print(message, file=sys.stderr, flush=True)
        if tell is not None and DEFAULT_DATASTORE != "local":
            tell(message)

    timer = threading.Timer(limit.total_seconds(), late)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join(30)  # let a message out that is under way, and wait for no longer


def publish(event: str) -> None:
    """Start the flows that wait for the event. Local runs start none; an event that gets lost fails the step."""
    if "ARGO_WORKFLOW_TEMPLATE" in os.environ:
        ArgoEvent(event).publish(ignore_errors=False)


def wait_for(uri: str, every: timedelta, timeout: timedelta | None = None) -> None:
    """Wait until there is something at `uri`: Metaflow has no sensors, so the task itself looks every now and then."""
    end = None if timeout is None else time.monotonic() + timeout.total_seconds()
    while not exists(uri):
        left = every.total_seconds() if end is None else min(every.total_seconds(), end - time.monotonic())
        if left <= 0:
            raise TimeoutError(f"{uri} is not there after {timeout.total_seconds():g} seconds")
        time.sleep(left)


def exists(uri: str) -> bool:
    """Whether there is a file or folder at `uri`: a path, `file://`, or `s3://`, where a folder ends in a slash."""
    if uri.startswith("s3://"):
        with S3() as s3:
            return bool(s3.list_paths([uri])) if uri.endswith("/") else s3.info(uri, return_missing=True).exists
    path = uri.removeprefix("file://")
    if "://" in path:
        raise ValueError(f"a flow can wait for paths, file:// and s3://, not for {uri!r}")
    return Path(path).exists()


def reuse(flow: FlowSpec, artifacts: list[str], code: str, inputs: dict, ttl: timedelta | None = None) -> bool:
    """Take the artifacts over from an earlier task of this step with the same code and inputs, if there is one."""
    flow.cache_key = hashlib.sha256(pickle.dumps((code, inputs), protocol=4)).hexdigest()
    flow.reused_from = None
    for run in itertools.islice(Flow(current.flow_name), 20):
        if run.id == current.run_id or current.step_name not in run:
            continue
        for task in run[current.step_name]:
            if not task.successful or "cache_key" not in task or task["cache_key"].data != flow.cache_key:
                continue
            if ttl is None or datetime.now() - task.finished_at < ttl:
                for name in artifacts:
                    setattr(flow, name, task[name].data)
                flow.reused_from = task.pathspec
                return True
    return False


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


def classification(metrics: Any) -> Any:
    """Classification metrics as they are: a confusion matrix and a ROC curve that no chart can show fail the step."""
    if metrics is None:
        return None
    if not isinstance(metrics, dict):
        raise TypeError(f"the step returned a {type(metrics).__name__}, and ClassificationMetrics is a dict")
    shapes = {
        "confusionMatrix": {"annotationSpecs": [{"displayName": "name"}], "rows": [{"row": [1]}]},
        "confidenceMetrics": [{"confidenceThreshold": 0.5, "falsePositiveRate": 0.1, "recall": 0.8}],
    }
    for name, example in shapes.items():
        if name in metrics and not like(metrics[name], example):
            raise TypeError(f"the step returned ClassificationMetrics whose {name!r} is not like {example}")
    matrix = metrics.get("confusionMatrix", {"annotationSpecs": [], "rows": []})
    size = len(matrix["annotationSpecs"])
    if [len(row["row"]) for row in matrix["rows"]] != [size] * size:
        raise TypeError(f"the step returned a 'confusionMatrix' that has not {size} rows of {size} numbers")
    return metrics


def like(value: Any, example: Any) -> bool:
    """Whether `value` has the shape of `example`, and its numbers are finite."""
    if isinstance(example, dict):
        return isinstance(value, dict) and all(key in value and like(value[key], example[key]) for key in example)
    if isinstance(example, list):
        return isinstance(value, list) and all(like(item, example[0]) for item in value)
    if isinstance(example, str):
        return isinstance(value, str)
    return type(value) in (int, float) and abs(value) < float("inf")


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
