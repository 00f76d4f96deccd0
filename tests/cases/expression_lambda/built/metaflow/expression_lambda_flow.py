"""Lambdas as arguments of builtins: the best of several candidates by its score."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, current, step


def score(n: int) -> float:
    return float(-((n - 5) ** 2))


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


class ExpressionLambdaFlow(FlowSpec):
    """expression_lambda"""

    @step
    def start(self):
        """Start the flow."""
        self.n_values = [3, 6, 9]
        self.next(self.score, foreach="n_values")

    @step
    def score(self):
        """Run `score`."""
        with empty_folder():
            self.score_result = plain(score(self.input))
        self.next(self.gather_scores)

    @step
    def gather_scores(self, inputs):
        """Collect the results of each `n`, in order."""
        self.scores = [task.score_result for task in inputs]
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.best = max(range(len(self.scores)), key=lambda i: self.scores[i])
        self.ranked = sorted(range(len(self.scores)), key=lambda i: (-self.scores[i], i))
        self.result = [self.best, [3, 6, 9][self.best], self.ranked]


if __name__ == "__main__":
    ExpressionLambdaFlow()
