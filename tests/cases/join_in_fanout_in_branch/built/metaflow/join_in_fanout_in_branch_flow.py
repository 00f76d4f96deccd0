"""Fan-outs in an arm that is not taken, with what comes together inside them: arms of a branch, and a `try`."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def half(n: int) -> int:
    return n // 2


def triple(n: int) -> int:
    return 3 * n + 1


def note(n: int) -> None:
    """Told."""


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


class JoinInFanoutInBranchFlow(FlowSpec):
    """join_in_fanout_in_branch"""

    go = Parameter("go", default=False)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.half)

    @step
    def half(self):
        """Run `half`."""
        with empty_folder():
            self.first = plain(half(9))
        self.found = [self.first]
        self.if_go = bool(self.go)
        self.next({True: self.note, False: self.skip_go}, condition="if_go")

    @step
    def note(self):
        """Told."""
        with empty_folder():
            note(self.first)
        self.n_values = [3, 4]
        self.next(self.half_2, foreach="n_values")

    @catch
    @failure_message(artifact="half_error")
    @step
    def half_2(self):
        """Run `half`."""
        with empty_folder():
            half(self.first)
        self.next(self.after_half_2)

    @step
    def after_half_2(self):
        """Go on if `half_2` went well."""
        self.half_2_went_well = self.half_error is None
        self.next({True: self.check, False: self.half_2_failed}, condition="half_2_went_well")

    @catch
    @failure_message(artifact="error")
    @step
    def check(self):
        """Go on only if `n != 7`."""
        if self.input == 7:
            raise RuntimeError("seven")
        self.next(self.note_2)

    @step
    def half_2_failed(self):
        """Set what the branches have in common."""
        self.error = self.half_error
        self.next(self.note_2)

    @step
    def note_2(self):
        """Told."""
        with empty_folder():
            note(self.input)
        self.next(self.try_failed)

    @step
    def try_failed(self):
        """Fail the run if the `try` has failed."""
        if self.error is not None:
            raise RuntimeError(self.error)
        self.next(self.join_n)

    @step
    def join_n(self, inputs):
        """Wait for all items."""
        self.merge_artifacts(inputs, include=["first"])
        self.next(self.each_n_2)

    @step
    def each_n_2(self):
        """Start a task for each `n_2`."""
        self.n_2_values = [3, 4]
        self.next(self.check_n, foreach="n_2_values")

    @step
    def check_n(self):
        """Choose a branch."""
        self.n_2 = self.input
        self.if_n = bool(self.n_2 % 2)
        self.next({True: self.triple, False: self.half_3}, condition="if_n")

    @step
    def triple(self):
        """Run `triple`."""
        with empty_folder():
            self.made_5 = plain(triple(self.n_2))
        self.next(self.note_3)

    @step
    def half_3(self):
        """Run `half`."""
        with empty_folder():
            self.made_5 = plain(half(self.n_2))
        self.next(self.note_3)

    @step
    def note_3(self):
        """Told."""
        with empty_folder():
            note(self.made_5)
        self.next(self.join_n_2)

    @step
    def join_n_2(self, inputs):
        """Wait for all items."""
        self.merge_artifacts(inputs, include=["first"])
        self.found_3 = [self.first, self.first]
        self.next(self.end)

    @step
    def skip_go(self):
        """Set what the branches have in common."""
        self.found_3 = self.found
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `found_3`."""


if __name__ == "__main__":
    JoinInFanoutInBranchFlow()
