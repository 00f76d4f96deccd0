"""An arm in which nothing runs but what a further branch leaves out; what comes after both runs all the same."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

from metaflow import FlowSpec, Parameter, current, step


def double(n: int) -> int:
    return 2 * n


def note(n: int) -> None:
    print("negative", n)


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


class BranchEndsInBranchFlow(FlowSpec):
    """branch_ends_in_branch"""

    n = Parameter("n", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.if_n_2 = self.n > 0
        self.next({True: self.check_n, False: self.note}, condition="if_n_2")

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 5
        self.next({True: self.double, False: self.skip_n}, condition="if_n")

    @step
    def double(self):
        """Run `double`."""
        with empty_folder():
            double(self.n)
        self.next(self.end)

    @step
    def skip_n(self):
        """There is nothing to do in this branch."""
        self.next(self.end)

    @step
    def note(self):
        """Run `note`."""
        with empty_folder():
            note(self.n)
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.n]


if __name__ == "__main__":
    BranchEndsInBranchFlow()
