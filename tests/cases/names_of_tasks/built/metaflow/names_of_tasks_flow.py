"""Steps that are called like the tasks and components that targets need themselves: loops, conditions, imports."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, JSONType, Parameter, current, step


def for_loop_for_n(n: int) -> int:
    return n


def condition(n: int) -> int:
    return n + 1


def condition_if_n(n: int) -> int:
    return n + 2


def each_for_n(n: int) -> int:
    return n + 3


def export_b(n: int) -> int:
    return n + 4


def artifact_at(n: int) -> Path:
    Path("at.txt").write_text("1" * n)
    return Path("at.txt")


def import_c(n: int) -> Path:
    Path("import.txt").write_text("12" * n)
    return Path("import.txt")


def report(numbers: list[int], file: Path) -> str:
    return f"{sum(numbers)} {len(file.read_text())}"


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


def pack(path: Any) -> Any:
    """A file or folder as an artifact: its name, and its bytes or those of a tar archive."""
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"step {current.step_name!r} returned a {type(path).__name__}; its annotation says a path")
    source = Path(path).resolve()
    if not source.exists():
        raise FileNotFoundError(f"step {current.step_name!r} returned {str(path)!r}, and there is no such file")
    if source.is_file():
        return {"name": source.name, "folder": False, "content": source.read_bytes()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(source, arcname=source.name)
    return {"name": source.name, "folder": True, "content": buffer.getvalue()}


def unpack(packed: Any) -> Any:
    """A private copy of a packed file or folder, beside the working folder."""
    if packed is None:
        return None
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent), packed["name"])
    if packed["folder"]:
        with tarfile.open(fileobj=io.BytesIO(packed["content"])) as archive:
            archive.extractall(target.parent, filter="data")
    else:
        target.write_bytes(packed["content"])
    return target


class NamesOfTasksFlow(FlowSpec):
    """names_of_tasks"""

    n = Parameter("n", default=3)
    ns = Parameter("ns", type=JSONType, default="[1, 2]")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fork, self.condition_if_n, self.each_for_n, self.export_b, self.list_n_2)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.condition, self.artifact_at)

    @step
    def condition(self):
        """Run `condition`."""
        with empty_folder():
            self.b = plain(condition(self.n))
        self.next(self.join_condition_artifact_at)

    @step
    def artifact_at(self):
        """Run `artifact_at`."""
        with empty_folder():
            self.c = pack(artifact_at(self.n))
        self.next(self.join_condition_artifact_at)

    @step
    def join_condition_artifact_at(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["b", "c"])
        self.next(self.check_n)

    @step
    def check_n(self):
        """Choose a branch."""
        self.if_n = self.n > 2
        self.next({True: self.fork_2, False: self.skip_n}, condition="if_n")

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.condition_if_n_2, self.import_c)

    @step
    def condition_if_n_2(self):
        """Run `condition_if_n`."""
        with empty_folder():
            self.b_3 = plain(condition_if_n(self.b))
        self.next(self.join_condition_if_n_2_import_c)

    @step
    def import_c(self):
        """Run `import_c`."""
        with empty_folder():
            self.c_3 = pack(import_c(self.n))
        self.next(self.join_condition_if_n_2_import_c)

    @step
    def join_condition_if_n_2_import_c(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["b_3", "c_3"])
        self.next(self.after)

    @step
    def skip_n(self):
        """Set what the branches have in common."""
        self.b_3 = self.b
        self.c_3 = self.c
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.report)

    @step
    def condition_if_n(self):
        """Run `condition_if_n`."""
        with empty_folder():
            self.condition_if_n_result = plain(condition_if_n(self.n))
        self.next(self.report)

    @step
    def each_for_n(self):
        """Run `each_for_n`."""
        with empty_folder():
            self.each_for_n_result = plain(each_for_n(self.n))
        self.next(self.report)

    @step
    def export_b(self):
        """Run `export_b`."""
        with empty_folder():
            self.export_b_result = plain(export_b(self.n))
        self.next(self.report)

    @step
    def list_n_2(self):
        """List what `n_2` goes through."""
        self.n_2_values = list(self.ns)
        self.any_n_2 = bool(self.n_2_values)
        self.next({True: self.each_n_2, False: self.no_n_2}, condition="any_n_2")

    @step
    def each_n_2(self):
        """Start a task for each `n_2`."""
        self.next(self.for_loop_for_n, foreach="n_2_values")

    @step
    def for_loop_for_n(self):
        """Run `for_loop_for_n`."""
        with empty_folder():
            self.for_loop_for_n_result = plain(for_loop_for_n(self.input))
        self.next(self.gather_found)

    @step
    def gather_found(self, inputs):
        """Collect the results of each `n_2`, in order."""
        self.found = [task.for_loop_for_n_result for task in inputs]
        self.next(self.after_2)

    @step
    def no_n_2(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.found = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.report)

    @step
    def report(self, inputs):
        """Run `report`."""
        self.merge_artifacts(
            inputs, include=["b_3", "c_3", "condition_if_n_result", "each_for_n_result", "export_b_result", "found"]
        )
        with empty_folder():
            self.report_result = plain(
                report(
                    [
                        self.b_3,
                        *[self.condition_if_n_result, self.each_for_n_result, self.export_b_result],
                        *self.found,
                    ],
                    unpack(self.c_3),
                ),
            )
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `report_result`."""


if __name__ == "__main__":
    NamesOfTasksFlow()
