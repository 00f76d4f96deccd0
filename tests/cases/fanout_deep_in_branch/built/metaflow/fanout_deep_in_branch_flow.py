"""Fan-outs in the arms of branches, and behind what may fail in a `try`, inside a fan-out."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, catch, current, step, user_step_decorator


def parts(n: int) -> list[int]:
    if n == 5:
        raise ValueError("five has no parts")
    return list(range(n))


def double(n: int) -> int:
    return 2 * n


def plus(a: int, b: int) -> int:
    return a + b


def note(text: str) -> None:
    return None


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


class FanoutDeepInBranchFlow(FreshArtifacts, FlowSpec):
    """fanout_deep_in_branch"""

    xs = Parameter("xs", type=JSONType, default="[0, 1, 3, 5]")

    @step
    def start(self):
        """Start the flow."""
        self.x_values = list(self.xs)
        self.any_x = bool(self.x_values)
        self.next({True: self.each_x, False: self.no_x}, condition="any_x")

    @step
    def each_x(self):
        """Start a task for each `x`."""
        self.next(self.check_x_2, foreach="x_values")

    @step
    def check_x_2(self):
        """Choose a branch."""
        self.x = self.input
        self.if_x_2 = self.x > 2
        self.next({True: self.double, False: self.check_x}, condition="if_x_2")

    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            self.base = plain(double(self.x))
        self.part_values = [1, 2]
        self.next(self.plus, foreach="part_values")

    @step
    def plus(self):
        """Run `plus`."""
        with empty_folder():
            self.plus_result = plain(plus(self.base, self.input))
        self.next(self.gather_sums)

    @step
    def gather_sums(self, inputs):
        """Collect the results of each `part`, in order."""
        self.merge_artifacts(inputs, include=["x"])
        self.sums = [task.plus_result for task in inputs]
        self.next(self.note)

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(f"{len(self.sums)} of {self.x}")
        self.next(self.plus_2)

    @step
    def plus_2(self):
        """Run `plus`."""
        with empty_folder():
            self.total = plain(plus(self.sums[0], self.sums[1]))
        self.next(self.parts)

    @step
    def check_x(self):
        """Choose a branch."""
        self.if_x = bool(self.x)
        self.next({True: self.each_name, False: self.skip_x}, condition="if_x")

    @step
    def each_name(self):
        """Start a task for each `name`."""
        self.name_values = ["a", "b"]
        self.next(self.note_2, foreach="name_values")

    @step
    def note_2(self):
        """Run `note`."""
        with empty_folder():
            note(f"{self.input} {self.x}")
        self.next(self.join_name)

    @step
    def join_name(self, inputs):
        """Wait for all items."""
        self.merge_artifacts(inputs, include=["x"])
        self.next(self.double_2)

    @step
    def double_2(self):
        """Run `double`."""
        with empty_folder():
            self.total = plain(double(self.x))
        self.next(self.parts)

    @step
    def skip_x(self):
        """Set what the branches have in common."""
        self.total = 0
        self.next(self.parts)

    @catch
    @failure_message(artifact="parts_error", outputs=["items"])
    @step
    def parts(self):
        """Run `parts`."""
        with empty_folder():
            self.items = plain(parts(self.x))
        self.next(self.after_parts)

    @step
    def after_parts(self):
        """Go on if `parts` went well."""
        self.parts_went_well = self.parts_error is None
        self.next({True: self.list_part_2, False: self.parts_failed}, condition="parts_went_well")

    @step
    def list_part_2(self):
        """List what `part_2` goes through."""
        self.any_part_2 = bool(self.items)
        self.next({True: self.each_part_2, False: self.no_part_2}, condition="any_part_2")

    @step
    def each_part_2(self):
        """Start a task for each `part_2`."""
        self.next(self.double_3, foreach="items")

    @catch
    @failure_message(artifact="double_error", outputs=["double_result"])
    @step
    def double_3(self):
        """Run `double`."""
        with empty_folder():
            self.double_result = plain(double(self.input))
        self.next(self.gather_doubled)

    @step
    def gather_doubled(self, inputs):
        """Collect the results of each `part_2`, in order."""
        self.merge_artifacts(inputs, include=["total"])
        self.doubled = [task.double_result for task in inputs]
        self.errors = [task.double_error for task in inputs]
        self.next(self.after)

    @step
    def no_part_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.doubled = []
        self.errors = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        errors = self.errors
        self.error_2 = ([message for message in errors if message is not None] or [None])[0]
        self.going_on = self.error_2 is None
        self.next({True: self.compute_message, False: self.skip_going_on}, condition="going_on")

    @catch
    @failure_message(artifact="error_4", outputs=["message"])
    @step
    def compute_message(self):
        """Compute `message`."""
        self.message = f"{len(self.doubled)} parts"
        self.next(self.after_2)

    @step
    def skip_going_on(self):
        """Set what the branches have in common."""
        self.message = None
        self.error_4 = self.error_2
        self.next(self.after_2)

    @step
    def parts_failed(self):
        """Set what the branches have in common."""
        self.message = None
        self.error_4 = self.parts_error
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error_4 is None
        self.next({True: self.after_try, False: self.handle_try}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.message_2 = self.message
        self.next(self.after_3)

    @step
    def handle_try(self):
        """Set what the branches have in common."""
        self.message_2 = self.error_4
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.gather_total_4_by_x)

    @step
    def gather_total_4_by_x(self, inputs):
        """Collect the results of each `x`, in order."""
        self.total_4_by_x = [task.total for task in inputs]
        self.message_2_by_x = [task.message_2 for task in inputs]
        self.next(self.end)

    @step
    def no_x(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.total_4_by_x = []
        self.message_2_by_x = []
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = (self.total_4_by_x, self.message_2_by_x)


if __name__ == "__main__":
    FanoutDeepInBranchFlow()
