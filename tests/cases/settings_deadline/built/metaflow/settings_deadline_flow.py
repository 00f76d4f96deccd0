"""A step that takes long says so in its log, tells somebody, and goes on; of runs on one's own machine nobody is told."""

import contextlib
import hashlib
import itertools
import os
import pickle
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from metaflow import Flow, FlowSpec, Parameter, current, retry, step
from metaflow.metaflow_config import DEFAULT_DATASTORE

CHANNEL = "#ml-alerts"


def page(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}\n")


def train(seconds: float) -> float:
    time.sleep(seconds)
    return seconds * 2


def publish(loss: float, name: str) -> str:
    return f"{name}: {loss}"


def score(loss: float) -> list[float]:
    return [loss]


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


class SettingsDeadlineFlow(FlowSpec):
    """settings_deadline"""

    seconds = Parameter("seconds", default=0.0)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.train)

    @retry(times=1)
    @step
    def train(self):
        """Run `train`."""
        with watched(timedelta(seconds=1), "train", page):
            with empty_folder():
                self.loss = plain(train(self.seconds))
        self.next(self.score)

    @step
    def score(self):
        """Run `score`."""
        with watched(timedelta(minutes=90), "score", page):
            if not reuse(
                self, ["items"], code="score 97eea395675bd58e", inputs={"loss": self.loss}, ttl=timedelta(days=7)
            ):
                with empty_folder():
                    self.items = plain(score(self.loss))
        self.next(self.list_found)

    @step
    def list_found(self):
        """List what `found` goes through."""
        self.any_found = bool(self.items)
        self.next({True: self.each_found, False: self.no_found}, condition="any_found")

    @step
    def each_found(self):
        """Start a task for each `found`."""
        self.next(self.publish, foreach="items")

    @step
    def publish(self):
        """Run `publish`."""
        with watched(timedelta(hours=2), "publish"):
            with empty_folder():
                self.publish_result = plain(publish(self.input + 1, "model"))
        self.next(self.gather_publish_results)

    @step
    def gather_publish_results(self, inputs):
        """Collect the results of each `found`, in order."""
        self.publish_results = [task.publish_result for task in inputs]
        self.next(self.end)

    @step
    def no_found(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.publish_results = []
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `publish_results`."""


if __name__ == "__main__":
    SettingsDeadlineFlow()
