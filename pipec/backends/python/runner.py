"""`python -m pipec.backends.python.runner`: runs pipeline modules as they are, each run in a process of its own.

The process that answers requests stays free of the user's code: it forks for every run, so that nothing of a run can
leak into the next, whatever the steps do to their process.
"""

from __future__ import annotations

import os
import sys
import traceback

from pipec.compiler.backend.protocol import DoneEvent, RunRequest
from pipec.compiler.backend.worker import Emit, serve


def run(request: RunRequest, emit: Emit) -> DoneEvent:
    """One run in a forked process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _child(request, emit, write)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as answers:
        text = answers.read()
    _, status = os.waitpid(child, 0)
    if text:
        return DoneEvent.model_validate_json(text)
    code = os.waitstatus_to_exitcode(status)
    how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
    return DoneEvent(status="failed", error=f"a step took the process down: it {how}")


def _child(request: RunRequest, emit: Emit, write: int) -> None:
    """Run, answer, and leave without running anything else of the user's."""
    status = 1
    try:
        try:
            from pipec.backends.python.reference import execute

            done = execute(request, emit)
        except BaseException:
            done = DoneEvent(status="failed", error=traceback.format_exc(), fault=True)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        with os.fdopen(write, "w", encoding="utf-8") as answers:
            answers.write(done.model_dump_json())
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve(run)
