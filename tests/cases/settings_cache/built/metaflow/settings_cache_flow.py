"""Declared caches; a run starts with an empty cache, so that every step runs."""

import contextlib
import hashlib
import itertools
import os
import pickle
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from metaflow import Flow, FlowSpec, Parameter, current, step


def load(n: int) -> int:
    return n


def clean(n: int) -> int:
    return n + 1


def fit(n: int, verbose: bool = False) -> int:
    return n * 2


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


class SettingsCacheFlow(FlowSpec):
    """settings_cache"""

    n = Parameter("n", default=4)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @step
    def load(self):
        """Run `load`."""
        if not reuse(self, ["n_2"], code="load 81a5ee3441f0175b", inputs={"n": self.n}):
            with empty_folder():
                self.n_2 = plain(load(self.n))
        self.next(self.clean)

    @step
    def clean(self):
        """Run `clean`."""
        if not reuse(self, ["n_3"], code="clean 596069126bd68b7e", inputs={"n": self.n_2}, ttl=timedelta(days=7)):
            with empty_folder():
                self.n_3 = plain(clean(self.n_2))
        self.next(self.fit)

    @step
    def fit(self):
        """Run `fit`."""
        if not reuse(
            self, ["fit_result"], code="fit d25be3f999bec114 2", inputs={"n": self.n_3}, ttl=timedelta(hours=1)
        ):
            with empty_folder():
                self.fit_result = plain(fit(self.n_3, True))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `fit_result`."""


if __name__ == "__main__":
    SettingsCacheFlow()
