"""Building reads the module and never runs it: its top level and its decorators would leave a file behind."""

import os
from pathlib import Path

from pipec import pipeline, step

MARK = os.environ.get("PIPEC_TEST_MARK", "")
if MARK:
    Path(MARK).touch()


def marking(function):
    if MARK:
        Path(MARK).touch()
    return function


@step
def work(n: int = 1 if not MARK else int(Path(MARK).write_text("x"))) -> int:
    return n


@pipeline
@marking
def code_never_runs(n: int = 2) -> int:
    return work(n)
