"""A step that leaves the process fails like any other; it does not end the run as a success."""

import sys

from pipec import pipeline, step


@step
def leave(code: int) -> int:
    sys.exit(code)


@step
def after(n: int) -> int:
    return n


@pipeline
def failure_exits_process(code: int = 0) -> int:
    return after(leave(code))
