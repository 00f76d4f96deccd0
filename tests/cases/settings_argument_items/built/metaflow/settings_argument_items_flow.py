"""Settings that the items of fan-outs over constants give: each of these is a task with settings of its own."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, StepMutator, current, resources, step, timeout
from metaflow.metaflow_config import DEFAULT_DATASTORE


def load(n: int) -> int:
    return n


def train(d: int, memory: str, limit: str = "1h") -> str:
    return f"{d} {memory}"


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


class SettingsArgumentItemsFlow(FlowSpec):
    """settings_argument_items"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.load)

    @step
    def load(self):
        """Run `load`."""
        with empty_folder():
            self.d = plain(load(self.n))
        self.next(self.fork, self.fork_2, self.check_n, self.check_n_2)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.train, self.train_2)

    @timeout(hours=1)
    @on_kubernetes(memory=2147.483648)
    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.train_result = plain(train(self.d, "2Gi"))
        self.next(self.join_train_train_2)

    @timeout(hours=1)
    @resources(memory=4294.967296)
    @step
    def train_2(self):
        """Run `train`."""
        with empty_folder():
            self.train_result_2 = plain(train(self.d, "4Gi"))
        self.next(self.join_train_train_2)

    @step
    def join_train_train_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["d", "train_result", "train_result_2"])
        self.models = [self.train_result, self.train_result_2]
        self.next(self.join)

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.train_3, self.train_4)

    @timeout(hours=1)
    @on_kubernetes(memory=1073.741824)
    @step
    def train_3(self):
        """Run `train`."""
        with empty_folder():
            self.train_result_3 = plain(train(self.d, "1Gi"))
        self.next(self.join_train_3_train_4)

    @timeout(hours=1)
    @on_kubernetes(memory=536.870912)
    @step
    def train_4(self):
        """Run `train`."""
        with empty_folder():
            self.train_result_4 = plain(train(self.d, "512Mi"))
        self.next(self.join_train_3_train_4)

    @step
    def join_train_3_train_4(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["d", "train_result_3", "train_result_4"])
        self.named = dict([("a", self.train_result_3), ("b", self.train_result_4)])
        self.next(self.join)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 2
        self.next({True: self.train_5, False: self.skip_n}, condition="if_n")

    @timeout(hours=1)
    @on_kubernetes(memory=1073.741824)
    @step
    def train_5(self):
        """Run `train`."""
        with empty_folder():
            self.text = plain(train(self.d + 0, "1Gi", "1h"))
        self.next(self.after)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.text = "1Gi"
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def check_n_2(self):
        """Choose a branch."""
        self.if_n_2 = self.n > 2
        self.next({True: self.train_6, False: self.skip_n_2}, condition="if_n_2")

    @timeout(hours=2)
    @on_kubernetes(memory=2147.483648)
    @step
    def train_6(self):
        """Run `train`."""
        with empty_folder():
            self.text_4 = plain(train(self.d + 1, "2Gi", "2h"))
        self.next(self.after_2)

    @step
    def skip_n_2(self):
        """Set what the branches have in common."""
        self.text_4 = "2Gi"
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["d", "models", "named", "text", "text_4"])
        self.next(self.fork_3)

    @step
    def fork_3(self):
        """Start the parallel branches."""
        self.next(self.train_7, self.train_8)

    @timeout(hours=1)
    @on_kubernetes(memory=1073.741824)
    @step
    def train_7(self):
        """Run `train`."""
        with empty_folder():
            train(self.d, "1Gi")
        self.next(self.join_train_7_train_8)

    @timeout(hours=1)
    @on_kubernetes(memory=2147.483648)
    @step
    def train_8(self):
        """Run `train`."""
        with empty_folder():
            train(self.d, "2Gi")
        self.next(self.join_train_7_train_8)

    @step
    def join_train_7_train_8(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["models", "named", "text", "text_4"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.out = [self.text, self.text_4]
        self.result = [self.models, self.named, self.out]


if __name__ == "__main__":
    SettingsArgumentItemsFlow()
