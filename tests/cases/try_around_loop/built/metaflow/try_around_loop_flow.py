"""A `try` around a loop over the items of a run, of which the results of several steps are collected."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def items(n: int) -> list[int]:
    return list(range(n))


def train(x: int) -> set:
    if x > 2:
        raise ValueError(f"{x} is too much")
    return {x, x + 1}


def evaluate(model: set) -> int:
    return sum(model)


def count(models: list[set], scores: list[int]) -> int:
    return len(models) + max(scores)


def clean(folder: str) -> None:
    Path(folder, "cleaned").touch()


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class TryAroundLoopFlow(FreshArtifacts, FlowSpec):
    """try_around_loop"""

    folder = Parameter("folder", type=str, required=True)
    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.items)

    @catch
    @failure_message(artifact="items_error", outputs=["items_2"])
    @step
    def items(self):
        """Run `items`."""
        with empty_folder():
            self.items_2 = plain(items(self.n))
        self.next(self.after_items)

    @step
    def after_items(self):
        """Go on if `items` went well."""
        self.items_went_well = self.items_error is None
        self.next({True: self.list_x, False: self.items_failed}, condition="items_went_well")

    @step
    def list_x(self):
        """List what `x` goes through."""
        self.any_x = bool(self.items_2)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.train, foreach="items_2")

    @catch
    @failure_message(artifact="train_error", outputs=["model"])
    @step
    def train(self):
        """Run `train`."""
        with empty_folder():
            self.model = train(self.input)
        self.next(self.after_train)

    @step
    def after_train(self):
        """Go on if `train` went well."""
        self.train_went_well = self.train_error is None
        self.next({True: self.evaluate, False: self.train_failed}, condition="train_went_well")

    @catch
    @failure_message(artifact="error_2", outputs=["scores_item"])
    @step
    def evaluate(self):
        """Run `evaluate`."""
        with empty_folder():
            self.scores_item = plain(evaluate(self.model))
        self.next(self.after)

    @step
    def train_failed(self):
        """Set what the branches have in common."""
        self.scores_item = None
        self.error_2 = self.train_error
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_models)

    @step
    def gather_models(self, inputs):
        """Collect the results of each `x`, in order."""
        self.models = [task.model for task in inputs]
        self.scores_items = [task.scores_item for task in inputs]
        self.errors = [task.error_2 for task in inputs]
        self.next(self.after_2)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.models = []
        self.scores_items = []
        self.errors = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        errors = self.errors
        self.error_3 = ([message for message in errors if message is not None] or [None])[0]
        self.going_on_3 = self.error_3 is None
        self.next({True: self.count, False: self.skip_going_on_3}, condition="going_on_3")

    @catch
    @failure_message(artifact="count_error", outputs=["count_result"])
    @step
    def count(self):
        """Run `count`."""
        with empty_folder():
            self.count_result = plain(count(self.models, self.scores_items))
        self.next(self.after_count)

    @step
    def after_count(self):
        """Go on if `count` went well."""
        self.count_went_well = self.count_error is None
        self.next({True: self.compute_result, False: self.count_failed}, condition="count_went_well")

    @catch
    @failure_message(artifact="error_6", outputs=["result"])
    @step
    def compute_result(self):
        """Compute `result`."""
        self.result = f"counted {self.count_result}"
        self.next(self.after_3)

    @step
    def count_failed(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_6 = self.count_error
        self.next(self.after_3)

    @step
    def skip_going_on_3(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_6 = self.error_3
        self.next(self.after_3)

    @step
    def items_failed(self):
        """Set what the branches have in common."""
        self.result = None
        self.error_6 = self.items_error
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error_6 is None
        self.next({True: self.after_try, False: self.compute_result_2}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.result_4_2 = self.result
        self.error_7 = None
        self.next(self.clean)

    @catch
    @failure_message(artifact="error_7", outputs=["result_4_2"])
    @step
    def compute_result_2(self):
        """Compute `result_2`."""
        self.result_4_2 = f"counted nothing: {self.error_6}"
        self.next(self.clean)

    @step
    def clean(self):
        """Run `clean`."""
        with empty_folder():
            clean(self.folder)
        self.next(self.try_2_failed)

    @step
    def try_2_failed(self):
        """Fail the run if the `try` has failed."""
        if self.error_7 is not None:
            raise RuntimeError(self.error_7)
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_4_2`."""


if __name__ == "__main__":
    TryAroundLoopFlow()
