"""What steps print, line by line, with the step that printed it; and their tracebacks."""

from __future__ import annotations

import io
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pipec.compiler.backend.protocol import LogEvent
from pipec.compiler.backend.worker import Emit

if TYPE_CHECKING:
    from pipec.backends.python.observer import Observer

_OWN = str(Path(__file__).resolve().parent)


class StepOutput(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr` during a run."""

    def __init__(self, emit: Emit, observer: Observer, behind: TextIO) -> None:
        self._emit, self._observer, self._behind = emit, observer, behind
        self._rest = ""

    encoding = "utf-8"
    errors = "replace"

    def write(self, text: str) -> int:
        """Pass on all complete lines."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._emit(LogEvent(text=_clean(line), task=self._observer.current))
        return len(text)

    def flush(self) -> None:
        """A line without an end stays until its end, or until the step is over."""

    def end(self) -> None:
        """The step is over: pass on what is left."""
        if self._rest:
            self.write("\n")

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The real descriptor, for what writes to it directly."""
        return self._behind.fileno()

    @property
    def buffer(self) -> object:
        """The real binary stream."""
        return self._behind.buffer


def _clean(line: str) -> str:
    """JSON needs valid Unicode; a lone surrogate is shown as it is escaped."""
    return line.encode("utf-8", "backslashreplace").decode()


def told(error: BaseException) -> str:
    """The traceback of `error` without the frames that observed the step."""
    told = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    stack: list[traceback.TracebackException | None] = [told]
    while stack:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.stack = traceback.StackSummary.from_list(_users(one.stack))
        stack += [one.__cause__, one.__context__]
    return "".join(told.format()).rstrip("\n")


def _users(frames: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """The frames of the user's code; arguments of an observed call are evaluated in a lambda that we have put there."""
    kept: list[traceback.FrameSummary] = []
    ours = False
    for frame in frames:
        before, ours = ours, frame.filename.startswith((_OWN, "<frozen importlib"))
        if not ours and not (before and frame.name == "<lambda>"):
            kept.append(frame)
    return kept
