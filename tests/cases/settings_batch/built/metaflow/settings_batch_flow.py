"""A site whose flows run on AWS Batch: the same settings, in its units."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, StepMutator, current, retry, schedule, step, timeout
from metaflow.metaflow_config import DEFAULT_DATASTORE


def load(shops: list[str]) -> list[int]:
    return [len(shop) for shop in shops]


def fit(sizes: list[int], degree: int) -> dict[str, float]:
    return {"degree": degree, "error": sum(sizes) / 10**degree}


def publish(models: list[dict[str, float]]) -> float:
    return min(model["error"] for model in models)


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


@schedule(cron="0 4 ? * MON-FRI *")
class SettingsBatchFlow(FlowSpec):
    """settings_batch"""

    shops = Parameter("shops", type=JSONType, default='["berlin", "rome"]')

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @retry(times=2)
    @timeout(hours=2)
    @on_batch(cpu=2, memory=8192)
    @secrets_on_batch(sources=["aws-secrets-manager.shop"])
    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.sizes = plain(load(self.shops))
        self.degree_values = [1, 2]
        self.next(self.fit, foreach="degree_values")

    @on_batch(cpu=2, memory=19074, gpu=1, shared_memory=2048, aws_batch_tags={"team": "forecasts"})
    @step
    def fit(self):
        """Run `fit`."""
        with empty_folder():
            self.fit_result = plain(fit(self.sizes, self.input))
        self.next(self.gather_models)

    @step
    def gather_models(self, inputs):
        """Collect the results of each `degree`, in order."""
        self.models = [task.fit_result for task in inputs]
        self.next(self.publish)

    @on_batch(memory=512, iam_role="publisher")
    @pypi_on_cluster(packages={"humanize": "4.9.0"})
    @step
    def publish(self):
        """Run `publish`."""
        with empty_folder():
            self.publish_result = plain(publish(self.models))
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `publish_result`."""


if __name__ == "__main__":
    SettingsBatchFlow()
