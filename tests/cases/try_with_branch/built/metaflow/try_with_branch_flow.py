"""A branch in a `try`, an early return out of one, and one in an arm."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, catch, current, step, user_step_decorator


def check(n: int) -> int:
    if n == 3:
        raise ValueError("three")
    return n


def deep(n: int) -> int:
    if n == 5:
        raise ValueError("five")
    return n * 10


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


class TryWithBranchFlow(FlowSpec):
    """try_with_branch"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.check)

    @catch
    @failure_message(artifact="check_error", outputs=["found"])
    @step
    def check(self):
        """Run `check`."""
        with empty_folder():
            self.found = plain(check(self.n))
        self.next(self.after_check)

    @step
    def after_check(self):
        """Go on if `check` went well."""
        self.check_went_well = self.check_error is None
        self.next({True: self.compute_condition, False: self.check_failed}, condition="check_went_well")

    @catch
    @failure_message(artifact="condition_error", outputs=["condition"])
    @step
    def compute_condition(self):
        """Compute `condition`."""
        self.condition = bool(self.found > 3)
        self.next(self.after_compute_condition)

    @step
    def after_compute_condition(self):
        """Go on if `compute_condition` went well."""
        self.compute_condition_went_well = self.condition_error is None
        self.next(
            {True: self.check_found_2, False: self.compute_condition_failed}, condition="compute_condition_went_well"
        )

    @step
    def check_found_2(self):
        """Choose a branch."""
        self.if_found_2 = bool(self.condition)
        self.next({True: self.deep, False: self.compute_condition_2}, condition="if_found_2")

    @catch
    @failure_message(artifact="error", outputs=["found_3"])
    @step
    def deep(self):
        """Run `deep`."""
        with empty_folder():
            self.found_3 = plain(deep(self.found))
        self.next(self.set_result_2)

    @step
    def set_result_2(self):
        """Set what the branches have in common."""
        self.result = None
        self.returned = False
        self.next(self.after_2)

    @catch
    @failure_message(artifact="error", outputs=["condition_2"])
    @step
    def compute_condition_2(self):
        """Compute `condition_2`."""
        self.condition_2 = bool(self.found == 1)
        self.next(self.after_compute_condition_2)

    @step
    def after_compute_condition_2(self):
        """Go on if `compute_condition_2` went well."""
        self.compute_condition_2_went_well = self.error is None
        self.next(
            {True: self.check_found, False: self.compute_condition_2_failed}, condition="compute_condition_2_went_well"
        )

    @step
    def check_found(self):
        """Choose a branch."""
        self.if_found = bool(self.condition_2)
        self.next({True: self.only_found, False: self.skip_found}, condition="if_found")

    @step
    def only_found(self):
        """Set what the branches have in common."""
        self.result = "early"
        self.returned = True
        self.next(self.after)

    @step
    def skip_found(self):
        """Set what the branches have in common."""
        self.result = None
        self.returned = False
        self.next(self.after)

    @step
    def compute_condition_2_failed(self):
        """Set what the branches have in common."""
        self.result = None
        self.returned = None
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.found_3 = self.found
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.going_on_2 = self.error is None
        self.next({True: self.check_returned, False: self.skip_going_on_2}, condition="going_on_2")

    @step
    def check_returned(self):
        """Choose a branch."""
        self.returned_8 = bool(self.returned)
        self.next({True: self.only_returned, False: self.compute_text}, condition="returned_8")

    @step
    def only_returned(self):
        """Set what the branches have in common."""
        self.result_3 = self.result
        self.returned_3 = True
        self.text = None
        self.error_5 = None
        self.next(self.after_3)

    @catch
    @failure_message(artifact="error_5", outputs=["text"])
    @step
    def compute_text(self):
        """Compute `text`."""
        self.text = f"found {self.found_3}"
        self.next(self.set_result_3)

    @step
    def set_result_3(self):
        """Set what the branches have in common."""
        self.result_3 = None
        self.returned_3 = False
        self.next(self.after_3)

    @step
    def skip_going_on_2(self):
        """Set what the branches have in common."""
        self.result_3 = None
        self.returned_3 = None
        self.text = None
        self.error_5 = self.error
        self.next(self.after_3)

    @step
    def compute_condition_failed(self):
        """Set what the branches have in common."""
        self.result_3 = None
        self.returned_3 = None
        self.text = None
        self.error_5 = self.condition_error
        self.next(self.after_3)

    @step
    def check_failed(self):
        """Set what the branches have in common."""
        self.result_3 = None
        self.returned_3 = None
        self.text = None
        self.error_5 = self.check_error
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error_5 is None
        self.next({True: self.after_try, False: self.compute_text_3}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.result_4 = self.result_3
        self.returned_4 = self.returned_3
        self.text_4 = self.text
        self.next(self.after_4)

    @step
    def compute_text_3(self):
        """Compute `text_3`."""
        self.text_4 = f"not found: {self.error_5}"
        self.result_4 = None
        self.returned_4 = False
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.returned_3_5 = bool(self.returned_4)
        self.next({True: self.only_returned_3, False: self.check_n}, condition="returned_3_5")

    @step
    def only_returned_3(self):
        """Set what the branches have in common."""
        self.result_8 = self.result_4
        self.next(self.end)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 4
        self.next({True: self.deep_2, False: self.skip_n}, condition="if_n")

    @catch
    @failure_message(artifact="deep_error_2", outputs=["deep_result"])
    @step
    def deep_2(self):
        """Run `deep`."""
        with empty_folder():
            self.deep_result = plain(deep(self.n - 1))
        self.next(self.after_deep_2)

    @step
    def after_deep_2(self):
        """Go on if `deep_2` went well."""
        self.deep_2_went_well = self.deep_error_2 is None
        self.next({True: self.compute_text_5, False: self.deep_2_failed}, condition="deep_2_went_well")

    @catch
    @failure_message(artifact="error_6", outputs=["text_5"])
    @step
    def compute_text_5(self):
        """Compute `text_5`."""
        self.text_5 = self.text_4 + f", {self.deep_result}"
        self.next(self.after_5)

    @step
    def deep_2_failed(self):
        """Set what the branches have in common."""
        self.text_5 = None
        self.error_6 = self.deep_error_2
        self.next(self.after_5)

    @step
    def after_5(self):
        """Go on from whichever branch ran."""
        self.try_2_went_well = self.error_6 is None
        self.next({True: self.after_try_2, False: self.handle_try_2}, condition="try_2_went_well")

    @step
    def after_try_2(self):
        """Set what the branches have in common."""
        self.result_6 = None
        self.returned_6 = False
        self.text_7 = self.text_5
        self.next(self.after_6)

    @step
    def handle_try_2(self):
        """Set what the branches have in common."""
        self.result_6 = "never"
        self.returned_6 = True
        self.text_7 = None
        self.next(self.after_6)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.result_6 = None
        self.returned_6 = False
        self.text_7 = self.text_4
        self.next(self.after_6)

    @step
    def after_6(self):
        """Go on from whichever branch ran."""
        self.next({True: self.only_returned_2, False: self.skip_returned_2}, condition="returned_6")

    @step
    def only_returned_2(self):
        """Set what the branches have in common."""
        self.result_8 = self.result_6
        self.next(self.end)

    @step
    def skip_returned_2(self):
        """Set what the branches have in common."""
        self.result_8 = self.text_7
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_8`."""


if __name__ == "__main__":
    TryWithBranchFlow()
