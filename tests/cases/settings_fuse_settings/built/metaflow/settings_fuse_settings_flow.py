"""The settings of steps that share a task: the largest of each resource, all time limits together, equal retries."""

import contextlib
import hashlib
import itertools
import os
import pickle
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from metaflow import Flow, FlowSpec, Parameter, StepMutator, current, environment, retry, step, timeout
from metaflow.metaflow_config import DEFAULT_DATASTORE


def fetch(n: int) -> list[int]:
    return list(range(n))


def store(numbers: list[int], folder: str) -> int:
    mark = Path(folder, "mark")
    if not mark.exists():
        mark.touch()
        raise ConnectionError("try again")
    return len(numbers)


def scored(n: int) -> list[int]:
    return [n, n * n]


def best(scores: list[int]) -> int:
    return max(scores)


def transfer(n: int, folder: str) -> int:
    numbers = fetch(n)
    return store(numbers, folder)


def scoring(n: int) -> int:
    scores = scored(n)
    return best(scores)


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


class SettingsFuseSettingsFlow(FlowSpec):
    """settings_fuse_settings"""

    folder = Parameter("folder", type=str, required=True)
    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.transfer, self.scoring)

    @retry(times=2, minutes_between_retries=1)
    @timeout(seconds=90)
    @environment(vars={"MODE": "fast"})
    @on_kubernetes(cpu=2, memory=4294.967296, node_selector={"disk": "ssd"})
    @step
    def transfer(self):
        """Run `transfer`."""
        with empty_folder():
            self.store_result = plain(transfer(self.n, self.folder))
        self.next(self.join_transfer_scoring)

    @step
    def scoring(self):
        """Run `scoring`."""
        if not reuse(
            self, ["best_result"], code="scoring 985eba97256482a5", inputs={"n": self.n}, ttl=timedelta(days=7)
        ):
            with empty_folder():
                self.best_result = plain(scoring(self.n))
        self.next(self.join_transfer_scoring)

    @step
    def join_transfer_scoring(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["best_result", "store_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.store_result, self.best_result]


if __name__ == "__main__":
    SettingsFuseSettingsFlow()
