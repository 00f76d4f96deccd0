"""What lambdas and comprehensions bind stays theirs, and their defaults and first iterables are of the scope around."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step


def values(n: int) -> list[int]:
    return [n, 1 - n, 2]


def pair(n: int) -> dict[str, int]:
    return {"low": n, "high": n + 10}


def show(found: object) -> str:
    return str(found)


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


class ExpressionCapturesFlow(FlowSpec):
    """expression_captures"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.values, self.show_6, self.fork, self.show_10)

    @step
    def values(self):
        """Run `values`."""
        with empty_folder():
            self.items = plain(values(self.n))
        self.next(self.show, self.show_2, self.show_3, self.show_4, self.show_5)

    @step
    def show(self):
        """Run `show`."""
        with empty_folder():
            self.first = plain(show(sorted(self.items, key=lambda v, k=self.n: v * k)))
        self.next(self.join)

    @step
    def show_2(self):
        """Run `show`."""
        with empty_folder():
            self.second = plain(show(sorted(self.items, key=lambda v, k=3, sign=-1: v * k * sign)))
        self.next(self.join)

    @step
    def show_3(self):
        """Run `show`."""
        with empty_folder():
            self.third = plain(show(sorted(self.items, key=lambda n, k=self.n: -n * k)))
        self.next(self.join)

    @step
    def show_4(self):
        """Run `show`."""
        with empty_folder():
            self.fourth = plain(show(sorted(self.items, key=lambda v, *, k=max(self.items): (v - k) ** 2)))
        self.next(self.join)

    @step
    def show_5(self):
        """Run `show`."""
        with empty_folder():
            self.fifth = plain(show(sorted(self.items, key=lambda self_: self_ * -self.n)))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["fifth", "first", "fourth", "second", "third"])
        self.next(self.join_2)

    @step
    def show_6(self):
        """Run `show`."""
        with empty_folder():
            self.sixth = plain(show([3, 2, 1]))
        self.next(self.join_2)

    @step
    def fork(self):
        """Start the parallel branches."""
        self.next(self.values_2, self.pair)

    @step
    def values_2(self):
        """Run `values`."""
        with empty_folder():
            self.items_2 = plain(values(self.n + 1))
        self.next(self.join_values_2_pair)

    @step
    def pair(self):
        """Run `pair`."""
        with empty_folder():
            self.found = plain(pair(self.n))
        self.next(self.join_values_2_pair)

    @step
    def join_values_2_pair(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["found", "items_2"])
        self.next(self.fork_2)

    @step
    def fork_2(self):
        """Start the parallel branches."""
        self.next(self.show_7, self.show_8, self.show_9)

    @step
    def show_7(self):
        """Run `show`."""
        with empty_folder():
            self.seventh = plain(show([self.n * item + items_2 for items_2 in self.items_2 for item in self.items_2]))
        self.next(self.join_show_7_show_8_show_9)

    @step
    def show_8(self):
        """Run `show`."""
        with empty_folder():
            self.eighth = plain(show([[n for n in items] + [self.n] for items in [self.items_2]]))
        self.next(self.join_show_7_show_8_show_9)

    @step
    def show_9(self):
        """Run `show`."""
        with empty_folder():
            self.ninth = plain(show([self.found["low"] + found_low + self.n for found_low in self.items_2]))
        self.next(self.join_show_7_show_8_show_9)

    @step
    def join_show_7_show_8_show_9(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["eighth", "ninth", "seventh"])
        self.next(self.join_2)

    @step
    def show_10(self):
        """Run `show`."""
        with empty_folder():
            self.tenth = plain(show([len(id) + (1 if current.run_id else 0) for id in ["a", "bc"]]))
        self.next(self.join_2)

    @step
    def join_2(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(
            inputs,
            include=["eighth", "fifth", "first", "fourth", "ninth", "second", "seventh", "sixth", "tenth", "third"],
        )
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [
            self.first,
            self.second,
            self.third,
            self.fourth,
            self.fifth,
            self.sixth,
            self.seventh,
            self.eighth,
            self.ninth,
            self.tenth,
        ]


if __name__ == "__main__":
    ExpressionCapturesFlow()
