"""The loop of a runner process: requests in on standard input, events out on a pipe of their own.

A runner module ends in `if __name__ == "__main__": serve(run)`. It is started once and may get many requests, so that
importing an orchestrator is paid once. Standard output and error stay free for the steps' own output.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import TextIO

from pipec.compiler.backend.protocol import DoneEvent, Event, RunRequest

EVENTS_FD = "PIPEC_EVENTS_FD"
"""Environment variable with the number of the descriptor that events are written to."""

Emit = Callable[[Event], None]


def serve(run: Callable[[RunRequest, Emit], DoneEvent]) -> None:
    """Answer requests until standard input ends. `run` emits events as they happen and returns the last one."""
    out: TextIO = os.fdopen(int(os.environ.pop(EVENTS_FD)), "w", encoding="utf-8")
    os.set_inheritable(out.fileno(), False)
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    with open(os.devnull) as nothing:  # a step that reads its input gets end of file, not our requests
        os.dup2(nothing.fileno(), 0)

    def emit(event: Event) -> None:
        out.write(event.model_dump_json() + "\n")
        out.flush()

    for line in requests:
        try:
            done = run(RunRequest.model_validate(json.loads(line)), emit)
        except BaseException:  # an orchestrator may raise SystemExit or worse; the answer is owed all the same
            done = DoneEvent(status="failed", error=traceback.format_exc(), fault=True)
        sys.stdout.flush()
        sys.stderr.flush()
        emit(done)
