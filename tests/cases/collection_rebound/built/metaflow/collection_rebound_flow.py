"""Collections that are rebound, read or left by a return while they are filled."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def double(n: int) -> int:
    return 2 * n


def upto(n: int) -> list[int]:
    return list(range(n))


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


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


class CollectionReboundFlow(FreshArtifacts, FlowSpec):
    """collection_rebound"""

    n = Parameter("n", default=3)
    reset = Parameter("reset", default=True)
    stop = Parameter("stop", default=99)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.double)

    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            self.out_item = plain(double(self.n))
        self.if_reset = bool(self.reset)
        self.next({True: self.double_2, False: self.compute_out}, condition="if_reset")

    @step
    def double_2(self):
        """Run `double`."""
        with empty_folder():
            self.out_item_2 = plain(double(7))
        self.out_items = [self.out_item_2]
        self.next(self.after)

    @step
    def compute_out(self):
        """Compute `out`."""
        self.out = [self.out_item, self.n]
        self.next(self.double_3)

    @step
    def double_3(self):
        """Run `double`."""
        with empty_folder():
            self.out_item_3 = plain(double(len(self.out)))
        self.next(self.compute_out_item_4)

    @step
    def compute_out_item_4(self):
        """Compute `out_item_4`."""
        self.out_item_4 = [*self.out, self.out_item_3][0]
        self.out_items = [self.out_item, self.n, self.out_item_3, self.out_item_4]
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.if_n_2 = self.n > 1
        self.next({True: self.check_n, False: self.skip_n_2}, condition="if_n_2")

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > self.stop
        self.next({True: self.compute_kept, False: self.fork}, condition="if_n")

    @step
    def compute_kept(self):
        """Compute `kept`."""
        self.kept = [self.n]
        self.result = (self.out_items, self.kept, {})
        self.returned = True
        self.kept_3 = None
        self.kept_4 = []
        self.found = None
        self.next(self.after_3)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.double_4, self.upto)

    @step
    def double_4(self):
        """Run `double`."""
        with empty_folder():
            self.kept_3 = plain(double(5))
        self.next(self.join)

    @step
    def upto(self):
        """Run `upto`."""
        with empty_folder():
            self.items = plain(upto(self.n))
        self.next(self.list_i)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.any_i = bool(self.items)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.double_5, foreach="items")

    @step
    def double_5(self):
        """Run `double`."""
        with empty_folder():
            self.kept_item_2 = plain(double(self.input))
        self.next(self.gather_kept_item_2_by_i)

    @step
    def gather_kept_item_2_by_i(self, inputs):
        """Collect the results of each `i`, in order."""
        self.merge_artifacts(inputs, include=["out_items"])
        self.kept_4 = [task.kept_item_2 for task in inputs]
        self.next(self.after_2)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.kept_4 = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["kept_3", "kept_4", "out_items"])
        self.found_value = len([self.n, self.kept_3, *self.kept_4])
        self.result = None
        self.returned = False
        self.found = ("size", self.found_value)
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.kept_items = [self.kept_3, *self.kept_4]
        self.found_items = [self.found]
        self.next(self.after_4)

    @step
    def skip_n_2(self):
        """Set what the branches have in common."""
        self.result = None
        self.returned = False
        self.kept_items = []
        self.found_items = []
        self.next(self.after_4)

    @step
    def after_4(self):
        """Go on from whichever branch ran."""
        self.next({True: self.only_returned, False: self.compute_kept_5}, condition="returned")

    @step
    def only_returned(self):
        """Set what the branches have in common."""
        self.result_3 = self.result
        self.next(self.end)

    @step
    def compute_kept_5(self):
        """Compute `kept_5`."""
        self.kept_5 = [self.n, *self.kept_items]
        self.found_2 = dict([*self.found_items, ("n", self.n)])
        self.result_3 = (self.out_items, self.kept_5, self.found_2)
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result_3`."""


if __name__ == "__main__":
    CollectionReboundFlow()
