"""A tuple that both arms bind is read as a whole, and element by element."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def double(n: int) -> int:
    return 2 * n


def describe(pair: tuple[int, str]) -> str:
    return f"{pair[1]} of {pair[0]}"


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


class BranchMergeTupleFlow(FreshArtifacts, FlowSpec):
    """branch_merge_tuple"""

    n = Parameter("n", default=3)
    same = Parameter("same", default=False)

    @step
    def start(self):
        """Start the flow."""
        self.if_n = self.n > 2
        self.next({True: self.double, False: self.skip_n}, condition="if_n")

    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            self.found_0 = plain(double(self.n))
        self.found_1 = "many"
        self.next(self.after)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.found_0 = self.n
        self.found_1 = "few"
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.found_3 = (self.found_0, self.found_1)
        self.next(self.describe)

    @step
    def describe(self):
        """Run `describe`."""
        with empty_folder():
            self.describe_result = plain(describe(self.found_3))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.limits_3 = (self.n, 0.5)
        self.result = (self.describe_result, self.found_3, self.found_0 + self.limits_3[0])


if __name__ == "__main__":
    BranchMergeTupleFlow()
