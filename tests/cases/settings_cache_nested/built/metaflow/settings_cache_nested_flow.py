"""A cache that expires, of a step that is called in a loop, in a branch, in a sub-pipeline and in a `try`."""

import contextlib
import hashlib
import itertools
import os
import pickle
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from metaflow import Flow, FlowSpec, Parameter, catch, current, step, user_step_decorator


def limits(n: int) -> list[int]:
    return list(range(n))


def load(n: int) -> int:
    return n + 1


def describe(n: int) -> str:
    return f"{n} rows"


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


class SettingsCacheNestedFlow(FlowSpec):
    """settings_cache_nested"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fork, self.load_5)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.limits, self.each_i_2)

    @step
    def limits(self):
        """Run `limits`."""
        with empty_folder():
            self.items = plain(limits(self.n))
        self.next(self.list_i)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.any_i = bool(self.items)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.load, foreach="items")

    @step
    def load(self):
        """Run `load`."""
        if not reuse(
            self, ["load_result"], code="load e35d4273afaeee43", inputs={"n": self.input}, ttl=timedelta(days=7)
        ):
            with empty_folder():
                self.load_result = plain(load(self.input))
        self.next(self.gather_found)

    @step
    def gather_found(self, inputs):
        """Collect the results of each `i`, in order."""
        self.found = [task.load_result for task in inputs]
        self.next(self.after)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.found = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def each_i_2(self):
        """Start a task for each `i_2`."""
        self.i_2_values = [10, 20]
        self.next(self.load_2, foreach="i_2_values")

    @step
    def load_2(self):
        """Run `load`."""
        if not reuse(
            self, ["load_result_2"], code="load e35d4273afaeee43", inputs={"n": self.input}, ttl=timedelta(days=7)
        ):
            with empty_folder():
                self.load_result_2 = plain(load(self.input))
        self.next(self.gather_fixed)

    @step
    def gather_fixed(self, inputs):
        """Collect the results of each `i_2`, in order."""
        self.fixed = [task.load_result_2 for task in inputs]
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["fixed", "found"])
        self.total = sum(self.found) + sum(self.fixed)
        self.next(self.check_total)

    @step
    def check_total(self):
        """Choose a branch."""
        self.if_total = self.total > 30
        self.next({True: self.load_3, False: self.skip_total}, condition="if_total")

    @step
    def load_3(self):
        """Run `load`."""
        if not reuse(self, ["total_3"], code="load e35d4273afaeee43", inputs={"n": self.total}, ttl=timedelta(days=7)):
            with empty_folder():
                self.total_3 = plain(load(self.total))
        self.next(self.load_4)

    @step
    def skip_total(self):
        """Set what the branches have in common."""
        self.total_3 = self.total
        self.next(self.load_4)

    @catch
    @failure_message(artifact="load_error", outputs=["last"])
    @step
    def load_4(self):
        """Run `load`."""
        if not reuse(self, ["last"], code="load e35d4273afaeee43", inputs={"n": self.total_3}, ttl=timedelta(days=7)):
            with empty_folder():
                self.last = plain(load(self.total_3))
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.load_error is None
        self.next({True: self.after_try, False: self.handle_try}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.last_2 = self.last
        self.next(self.describe_2)

    @step
    def handle_try(self):
        """Set what the branches have in common."""
        self.last_2 = 0
        self.next(self.describe_2)

    @step
    def describe_2(self):
        """Run `describe`."""
        if not reuse(
            self,
            ["describe_result_2"],
            code="describe 3cc32e8a3e8ae7aa 2",
            inputs={"n": self.last_2},
            ttl=timedelta(days=7),
        ):
            with empty_folder():
                self.describe_result_2 = plain(describe(self.last_2))
        self.next(self.join_describe_2_describe)

    @step
    def load_5(self):
        """Run `load`."""
        if not reuse(self, ["n_3"], code="load e35d4273afaeee43", inputs={"n": self.n}, ttl=timedelta(days=7)):
            with empty_folder():
                self.n_3 = plain(load(self.n))
        self.next(self.load_6)

    @step
    def load_6(self):
        """Run `load`."""
        if not reuse(
            self, ["load_result_3"], code="load e35d4273afaeee43", inputs={"n": self.n_3}, ttl=timedelta(days=7)
        ):
            with empty_folder():
                self.load_result_3 = plain(load(self.n_3))
        self.next(self.describe)

    @step
    def describe(self):
        """Run `describe`."""
        if not reuse(
            self,
            ["describe_result"],
            code="describe 3cc32e8a3e8ae7aa 2",
            inputs={"n": self.load_result_3},
            ttl=timedelta(days=7),
        ):
            with empty_folder():
                self.describe_result = plain(describe(self.load_result_3))
        self.next(self.join_describe_2_describe)

    @step
    def join_describe_2_describe(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["describe_result", "describe_result_2"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.describe_result, self.describe_result_2]


if __name__ == "__main__":
    SettingsCacheNestedFlow()
