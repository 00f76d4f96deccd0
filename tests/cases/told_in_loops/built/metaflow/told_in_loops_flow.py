"""Steps in loops that tell of their failure, whatever they give: to other steps, branches and loops, and out of the loop."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from metaflow import FlowSpec, Parameter, current, step
from metaflow.metaflow_config import DEFAULT_DATASTORE


def page(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{message}\n")


def numbers(n: int) -> list[int]:
    return list(range(1, n))


def written(n: int) -> Path:
    path = Path(f"{n}.txt")
    path.write_text("x" * n)
    return path


def large(n: int) -> bool:
    return n > 1


def inverse(n: int, minus: int) -> tuple[float, dict[str, int]]:
    return 1 / (n - minus), {"n": n}


def size(path: Path) -> int:
    return path.stat().st_size


def empty() -> None:
    pass


def summary(sizes: list[int], chosen: list[int], inverses: list[list[float]], all_: list[dict[str, int]]) -> str:
    return f"{sizes} {chosen} {inverses} {all_}"


def total(paths: list[Path]) -> int:
    return sum(len(path.read_text()) for path in paths)


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


@contextlib.contextmanager
def telling(tell: Callable[[str], Any], step: str, retries: int = 0) -> Iterator[None]:
    """Call `tell` with a message once the step has failed for good; of runs with a local datastore nobody is told."""
    try:
        yield
    except Exception as error:
        if current.retry_count >= retries and DEFAULT_DATASTORE != "local":
            tell(f"step {step} has failed: {error}")
        raise


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


class ToldInLoopsFlow(FreshArtifacts, FlowSpec):
    """told_in_loops"""

    n = Parameter("n", default=3)
    minus = Parameter("minus", default=0)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.numbers)

    @step
    def numbers(self):
        """Run `numbers`."""
        with telling(page, "numbers"):
            with empty_folder():
                self.items = plain(numbers(self.n))
        self.next(self.list_i)

    @step
    def list_i(self):
        """List what `i` goes through."""
        self.any_i = bool(self.items)
        self.next({True: self.each_i, False: self.no_i}, condition="any_i")

    @step
    def each_i(self):
        """Start a task for each `i`."""
        self.next(self.fork, foreach="items")

    @step
    def fork(self):
        """Start the parallel branches."""
        self.i = self.input
        self.next(self.written, self.large, self.numbers_2, self.inverse_2)

    @step
    def written(self):
        """Run `written`."""
        with telling(page, "written"):
            with empty_folder():
                self.path = pack(written(self.i))
        self.next(self.size)

    @step
    def size(self):
        """Run `size`."""
        with empty_folder():
            self.sizes_item = plain(size(unpack(self.path)))
        self.next(self.empty)

    @step
    def large(self):
        """Run `large`."""
        with telling(page, "large"):
            with empty_folder():
                self.large_result = plain(large(self.i))
        self.if_large = bool(self.large_result)
        self.next({True: self.written_2, False: self.skip_large}, condition="if_large")

    @step
    def written_2(self):
        """Run `written`."""
        with telling(page, "written"):
            with empty_folder():
                self.path_2 = pack(written(self.i + 1))
        self.next(self.size_2)

    @step
    def size_2(self):
        """Run `size`."""
        with empty_folder():
            self.one = plain(size(unpack(self.path_2)))
        self.next(self.after)

    @step
    def skip_large(self):
        """Set what the branches have in common."""
        self.one = self.i
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.empty)

    @step
    def numbers_2(self):
        """Run `numbers`."""
        with telling(page, "numbers"):
            with empty_folder():
                self.items_2 = plain(numbers(self.i + 1))
        self.next(self.list_k)

    @step
    def list_k(self):
        """List what `k` goes through."""
        self.any_k = bool(self.items_2)
        self.next({True: self.each_k, False: self.no_k}, condition="any_k")

    @step
    def each_k(self):
        """Start a task for each `k`."""
        self.next(self.inverse, foreach="items_2")

    @step
    def inverse(self):
        """Run `inverse`."""
        with telling(page, "inverse"):
            with empty_folder():
                value, _ = inverse(self.input, self.minus)
                self.value = plain(value)
        self.next(self.gather_values)

    @step
    def gather_values(self, inputs):
        """Collect the results of each `k`, in order."""
        self.values = [task.value for task in inputs]
        self.next(self.after_2)

    @step
    def no_k(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.values = []
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.empty)

    @step
    def inverse_2(self):
        """Run `inverse`."""
        with telling(page, "inverse"):
            with empty_folder():
                _, about = inverse(self.i, -1)
                self.about = plain(about)
        self.next(self.empty)

    @step
    def empty(self, inputs):
        """Run `empty`."""
        self.merge_artifacts(inputs, include=["about", "one", "path", "sizes_item", "values"])
        with telling(page, "empty"):
            with empty_folder():
                empty()
        self.next(self.gather_sizes_items)

    @step
    def gather_sizes_items(self, inputs):
        """Collect the results of each `i`, in order."""
        self.sizes_items = [task.sizes_item for task in inputs]
        self.paths = [task.path for task in inputs]
        self.one_2_by_i = [task.one for task in inputs]
        self.values_by_i = [task.values for task in inputs]
        self.abouts = [task.about for task in inputs]
        self.next(self.after_3)

    @step
    def no_i(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.sizes_items = []
        self.paths = []
        self.one_2_by_i = []
        self.values_by_i = []
        self.abouts = []
        self.next(self.after_3)

    @step
    def after_3(self):
        """Go on from whichever branch ran."""
        self.next(self.summary, self.total)

    @step
    def summary(self):
        """Run `summary`."""
        with empty_folder():
            self.summary_result = plain(summary(self.sizes_items, self.one_2_by_i, self.values_by_i, all_=self.abouts))
        self.next(self.join_summary_total)

    @step
    def total(self):
        """Run `total`."""
        with empty_folder():
            self.total_result = plain(total([unpack(item) for item in self.paths]))
        self.next(self.join_summary_total)

    @step
    def join_summary_total(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["summary_result", "total_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = (self.summary_result, self.total_result)


if __name__ == "__main__":
    ToldInLoopsFlow()
