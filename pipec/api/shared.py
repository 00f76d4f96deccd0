"""Tasks that stand for several calls, in the events of a run: what is told of the task is told of each of its calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipec.api.outcome import Trace
from pipec.compiler.backend.protocol import DoneEvent, Event, LogEvent, StepEvent
from pipec.ir import Pipeline, Task
from pipec.ir.graph import tasks

FRAME = re.compile(r'File "[^"]*", line \d+, in (\w+)')


@dataclass(frozen=True)
class Shared:
    """The tasks of one pipeline that the `fuse` pass has made."""

    tasks: dict[str, tuple[str, ...]]
    """Task -> the calls that it stands for, in their order."""
    functions: dict[str, str]
    """Task or call -> its function."""

    @classmethod
    def of(cls, read: Pipeline, built: Pipeline) -> Shared:
        """`read`: with every call of the source; `built`: what the target was given."""
        made = [task for task in tasks(built) if task.fused]
        known = {task.id: task for task in tasks(read)}
        functions = {t.id: _function(read, known[t.id]) for t in known.values()} if made else {}
        functions |= {task.id: _function(built, task) for task in made}
        return cls({task.id: task.fused for task in made}, functions)

    def events(self, event: Event) -> Iterator[Event]:
        """`event` in terms of calls."""
        match event:
            case StepEvent(task=task) if task in self.tasks:
                for call in self.tasks[task]:
                    yield event.model_copy(update={"task": call})
            case LogEvent(task=task) if task in self.tasks:
                yield event.model_copy(update={"task": ""})
            case _:
                yield event

    def settle(self, trace: Trace, done: DoneEvent) -> None:
        """Say of the calls of a failed task which one has failed, where the traceback tells it.

        Where it does not (a `try` has caught it, or several failed), all of them count as failed: their task did.
        """
        for task, calls in self.tasks.items():
            failed = [key for key, event in trace.steps.items() if key[0] == calls[0] and event.status == "failed"]
            at = self._failed(task, done.error or "") if len(failed) == 1 else None
            if at is None:
                continue
            index = failed[0][1]
            for number, call in enumerate(calls):
                event = trace.steps[call, index]
                if number < at:
                    trace.steps[call, index] = event.model_copy(update={"status": "succeeded"})
                elif number > at:
                    del trace.steps[call, index]

    def _failed(self, task: str, error: str) -> int | None:
        """Which call of `task` a traceback goes through: the frame behind that of the task's function."""
        frames = FRAME.findall(error)
        behind = {b for a, b in pairwise(frames) if a == self.functions[task]}
        found = [i for i, call in enumerate(self.tasks[task]) if self.functions[call] in behind]
        return found[0] if len(found) == 1 else None


def _function(pipeline: Pipeline, task: Task) -> str:
    return pipeline.component(task.component).function or ""
