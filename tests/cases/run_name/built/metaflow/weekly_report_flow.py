"""`run.name`: what people look a run up by, which has the name of the pipeline or flow in it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def report(rows: int, title: str) -> str:
    return f"{rows} rows, {len(title) > len('weekly')}, {'weekly' in title.lower()}"


def same(one: str, other: str) -> bool:
    return one == other


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


class WeeklyReportFlow(FreshArtifacts, FlowSpec):
    """weekly-report"""

    rows = Parameter("rows", default=3)

    @step
    def start(self):
        """Start the flow."""
        self.run_name = f"{current.flow_name}/{current.run_id}"
        self.next(self.report, self.report_3, self.same)

    @step
    def report(self):
        """Run `report`."""
        with empty_folder():
            self.text = plain(report(self.rows, self.run_name))
        self.next(self.check_run)

    @step
    def check_run(self):
        """Choose a branch."""
        self.if_run = bool(self.run_name.endswith("-never"))
        self.next({True: self.report_2, False: self.skip_run}, condition="if_run")

    @step
    def report_2(self):
        """Run `report`."""
        with empty_folder():
            self.text_3 = plain(report(0, f"{self.run_name}!"))
        self.next(self.after)

    @step
    def skip_run(self):
        """Set what the branches have in common."""
        self.text_3 = self.text
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def report_3(self):
        """Run `report`."""
        with empty_folder():
            self.report_result = plain(report(1, f"run {self.run_name}"))
        self.next(self.join)

    @step
    def same(self):
        """Run `same`."""
        with empty_folder():
            self.same_result = plain(same(current.run_id, current.run_id))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["report_result", "same_result", "text_3"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.text_3, self.report_result, self.same_result]


if __name__ == "__main__":
    WeeklyReportFlow()
