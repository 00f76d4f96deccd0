"""Every annotation that makes a value: `TypedDict`, `Literal`, `Optional`, bare and nested containers, `Any` of them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any, Dict, List, Literal, Optional, Tuple, TypedDict, Union

from metaflow import FlowSpec, Parameter, current, step


class Row(TypedDict):
    name: str
    size: int


def row() -> Row:
    return {"name": "a", "size": 2}


def mode(n: int) -> Literal["fast", "slow"]:
    return "fast" if n else "slow"


def optional(n: int) -> Optional[int]:
    return n or None


def union(n: int) -> Union[int, str, None]:
    return str(n)


def old(n: int) -> Dict[str, List[Tuple[int, ...]]]:
    return {"k": [(n, n + 1)]}


def bare() -> dict:
    return {"rows": [1, 2]}


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


class ValueAnnotationsFlow(FlowSpec):
    """value_annotations"""

    n = Parameter("n", default=1)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fork, self.optional, self.union, self.old, self.bare)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.row, self.mode)

    @step
    def row(self):
        """Run `row`."""
        with empty_folder():
            self.r = plain(row())
        self.next(self.join_row_mode)

    @step
    def mode(self):
        """Run `mode`."""
        with empty_folder():
            self.mode_result = plain(mode(self.n))
        self.next(self.join_row_mode)

    @step
    def join_row_mode(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["mode_result", "r"])
        self.next(self.check_mode)

    @step
    def check_mode(self):
        """Choose a branch."""
        self.if_mode = self.mode_result == "fast"
        self.next({True: self.compute_out, False: self.skip_mode}, condition="if_mode")

    @step
    def compute_out(self):
        """Compute `out`."""
        self.out = self.r["name"]
        self.next(self.after)

    @step
    def skip_mode(self):
        """Set what the branches have in common."""
        self.out = "none"
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def optional(self):
        """Run `optional`."""
        with empty_folder():
            self.optional_result = plain(optional(0))
        self.next(self.join)

    @step
    def union(self):
        """Run `union`."""
        with empty_folder():
            self.union_result = plain(union(self.n))
        self.next(self.join)

    @step
    def old(self):
        """Run `old`."""
        with empty_folder():
            self.old_result = plain(old(self.n))
        self.next(self.join)

    @step
    def bare(self):
        """Run `bare`."""
        with empty_folder():
            self.bare_result = plain(bare())
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs, include=["bare_result", "old_result", "optional_result", "out", "r", "union_result"]
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [
            self.out,
            self.optional_result is None,
            self.union_result,
            self.old_result["k"][0][1],
            self.bare_result["rows"][-1],
            self.r["size"],
        ]


if __name__ == "__main__":
    ValueAnnotationsFlow()
