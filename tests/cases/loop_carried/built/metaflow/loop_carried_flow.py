"""A loop over a constant that carries values from one iteration to the next is unrolled."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def add(a: int, b: int) -> int:
    return a + b


def half(a: int) -> int:
    if a % 2:
        raise ValueError(f"{a} is odd")
    return a // 2


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


class LoopCarriedFlow(FreshArtifacts, FlowSpec):
    """loop_carried"""

    start_ = Parameter("start_", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.add, self.list_x, self.list_x_2, self.list_x_3, self.fork, self.add_10, self.half)

    @step
    def add(self):
        """Run `add`."""
        with empty_folder():
            self.total = plain(add(self.start_, 10))
        self.next(self.add_3)

    @step
    def add_3(self):
        """Run `add`."""
        with empty_folder():
            self.total_2 = plain(add(self.total, 20))
        self.next(self.add_5)

    @step
    def add_5(self):
        """Run `add`."""
        with empty_folder():
            self.total_3 = plain(add(self.total_2, 30))
        self.next(self.join_3)

    @step
    def list_x(self):
        """List what `x` goes through."""
        self.x_values = list(range(2))
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.add_2, foreach="x_values")

    @step
    def add_2(self):
        """Run `add`."""
        with empty_folder():
            self.add_result = plain(add(self.input, 0))
        self.next(self.gather_parts)

    @step
    def gather_parts(self, inputs):
        """Collect the results of each `x`, in order."""
        self.parts = [task.add_result for task in inputs]
        self.next(self.after)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.parts = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def list_x_2(self):
        """List what `x_2` goes through."""
        self.x_2_values = list(range(2))
        self.any_x_2 = bool(self.x_2_values)
        self.next({True: self.each_x_2, False: self.no_x_2}, condition="any_x_2")

    @step
    def each_x_2(self):
        """Start a task for each `x_2`."""
        self.next(self.add_4, foreach="x_2_values")

    @step
    def add_4(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_2 = plain(add(self.input, 1))
        self.next(self.gather_parts_2)

    @step
    def gather_parts_2(self, inputs):
        """Collect the results of each `x_2`, in order."""
        self.parts_2 = [task.add_result_2 for task in inputs]
        self.next(self.after_2)

    @step
    def no_x_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.parts_2 = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def list_x_3(self):
        """List what `x_3` goes through."""
        self.x_3_values = list(range(2))
        self.any_x_3 = bool(self.x_3_values)
        self.next({True: self.each_x_3, False: self.no_x_3}, condition="any_x_3")

    @step
    def each_x_3(self):
        """Start a task for each `x_3`."""
        self.next(self.add_6, foreach="x_3_values")

    @step
    def add_6(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_3 = plain(add(self.input, 2))
        self.next(self.gather_parts_3)

    @step
    def gather_parts_3(self, inputs):
        """Collect the results of each `x_3`, in order."""
        self.parts_3 = [task.add_result_3 for task in inputs]
        self.next(self.after_3)

    @step
    def no_x_3(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.parts_3 = []
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.fork_2, self.add_9)

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.add_7, self.add_8)

    @step
    def add_7(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_4 = plain(add(3, 3))
        self.if_score = self.add_result_4 > 0
        self.next({True: self.only_score, False: self.skip_score}, condition="if_score")

    @step
    def only_score(self):
        """Set what the branches have in common."""
        self.best = self.add_result_4
        self.next(self.after_4)

    @step
    def skip_score(self):
        """Set what the branches have in common."""
        self.best = 0
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def add_8(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_5 = plain(add(9, 9))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["add_result_5", "best"])
        self.next(self.check_score_2)

    @step
    def check_score_2(self):
        """Choose a branch."""
        self.if_score_2 = self.add_result_5 > self.best
        self.next({True: self.only_score_2, False: self.skip_score_2}, condition="if_score_2")

    @step
    def only_score_2(self):
        """Set what the branches have in common."""
        self.best_2 = self.add_result_5
        self.next(self.after_5)

    @step
    def skip_score_2(self):
        """Set what the branches have in common."""
        self.best_2 = self.best
        self.next(self.after_5)

    @step
    def after_5(self):
        """Go on from whichever branch ran."""
        self.next(self.join_2)

    @step
    def add_9(self):
        """Run `add`."""
        with empty_folder():
            self.add_result_6 = plain(add(4, 4))
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["add_result_6", "best_2"])
        self.next(self.check_score_3)

    @step
    def check_score_3(self):
        """Choose a branch."""
        self.if_score_3 = self.add_result_6 > self.best_2
        self.next({True: self.only_score_3, False: self.skip_score_3}, condition="if_score_3")

    @step
    def only_score_3(self):
        """Set what the branches have in common."""
        self.best_3 = self.add_result_6
        self.next(self.after_6)

    @step
    def skip_score_3(self):
        """Set what the branches have in common."""
        self.best_3 = self.best_2
        self.next(self.after_6)

    @step
    def after_6(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def add_10(self):
        """Run `add`."""
        with empty_folder():
            self.chain_item = plain(add(1, 0))
        self.chain = [self.chain_item]
        self.next(self.add_11)

    @step
    def add_11(self):
        """Run `add`."""
        with empty_folder():
            chain = self.chain
            self.chain_item_2 = plain(add(2, chain[-1] if chain else 0))
        self.next(self.join_3)

    @catch
    @failure_message(artifact="half_error", outputs=["value"])
    @step
    def half(self):
        """Run `half`."""
        with empty_folder():
            self.value = plain(half(12))
        self.next(self.check_try)

    @step
    def check_try(self):
        """See whether the `try` went well."""
        self.try_went_well = self.half_error is None
        self.next({True: self.after_try, False: self.handle_try}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.seen_items = []
        self.value_2 = self.value
        self.next(self.half_2)

    @step
    def handle_try(self):
        """Set what the branches have in common."""
        self.seen_items = [self.half_error]
        self.value_2 = 12
        self.next(self.half_2)

    @catch
    @failure_message(artifact="half_error_2", outputs=["value_3"])
    @step
    def half_2(self):
        """Run `half`."""
        with empty_folder():
            self.value_3 = plain(half(self.value_2))
        self.next(self.check_try_2)

    @step
    def check_try_2(self):
        """See whether the `try` went well."""
        self.try_2_went_well = self.half_error_2 is None
        self.next({True: self.after_try_2, False: self.handle_try_2}, condition="try_2_went_well")

    @step
    def after_try_2(self):
        """Set what the branches have in common."""
        self.seen_items_2 = []
        self.value_4 = self.value_3
        self.next(self.half_3)

    @step
    def handle_try_2(self):
        """Set what the branches have in common."""
        self.seen_items_2 = [self.half_error_2]
        self.value_4 = self.value_2
        self.next(self.half_3)

    @catch
    @failure_message(artifact="half_error_3", outputs=["value_5"])
    @step
    def half_3(self):
        """Run `half`."""
        with empty_folder():
            self.value_5 = plain(half(self.value_4))
        self.next(self.check_try_3)

    @step
    def check_try_3(self):
        """See whether the `try` went well."""
        self.try_3_went_well = self.half_error_3 is None
        self.next({True: self.after_try_3, False: self.handle_try_3}, condition="try_3_went_well")

    @step
    def after_try_3(self):
        """Set what the branches have in common."""
        self.seen_items_3 = []
        self.value_6 = self.value_5
        self.next(self.after_7)

    @step
    def handle_try_3(self):
        """Set what the branches have in common."""
        self.seen_items_3 = [self.half_error_3]
        self.value_6 = self.value_4
        self.next(self.after_7)

    @step
    def after_7(self):
        """Go on from whichever branch ran."""
        self.next(self.join_3)

    @step
    def join_3(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs,
            include=[
                "best_3",
                "chain",
                "chain_item_2",
                "parts",
                "parts_2",
                "parts_3",
                "seen_items",
                "seen_items_2",
                "seen_items_3",
                "total",
                "total_2",
                "total_3",
                "value_6",
            ],
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.seen = [
            self.parts[1] + self.total,
            self.parts_2[1] + self.total_2,
            self.parts_3[1] + self.total_3,
            *self.seen_items,
            *self.seen_items_2,
            *self.seen_items_3,
        ]
        self.chain_2 = [*self.chain, self.chain_item_2]
        self.result = [self.total_3, self.seen, self.best_3, self.chain_2, self.value_6]


if __name__ == "__main__":
    LoopCarriedFlow()
