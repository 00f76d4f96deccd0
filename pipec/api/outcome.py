"""What a run did, call by call: from the events of a runner to the report that `run --json` writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipec.compiler.backend.protocol import CaughtEvent, DoneEvent, Event, LoopEvent, StepEvent
from pipec.ir import Block, ForEach, Group, Iteration, Pipeline, Task
from pipec.ir.graph import blocks

Index = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One call of the source, in one iteration."""

    task: str
    """Id of the IR task."""
    step: str
    group: tuple[str, ...]
    line: int
    index: Index
    status: str
    attempts: int
    shown: Index = ()
    """Indices of all loops around, the unrolled ones too; as in `run --json`."""

    @property
    def key(self) -> tuple[str, Index]:
        """What the same call is found by on another target."""
        return (self.task, self.index)

    @property
    def executed(self) -> bool:
        """Whether it ran, or its result was taken from a cache."""
        return self.status != "skipped"

    @property
    def label(self) -> str:
        """For people: `digits.train[2]`."""
        return ".".join((*self.group, self.step)) + "".join(f"[{i}]" for i in self.shown)

    def as_json(self) -> dict[str, Any]:
        """As in `run --json`."""
        return {
            "step": self.step, "group": list(self.group), "line": self.line, "index": list(self.shown),
            "status": self.status, "attempts": self.attempts,
        }  # fmt: skip


@dataclass
class Trace:
    """The events of one run, as they arrive."""

    pipeline: Pipeline
    """As read, with every call of the source."""
    steps: dict[tuple[str, Index], StepEvent] = field(default_factory=dict)
    loops: dict[tuple[str, Index], int] = field(default_factory=dict)
    caught: list[tuple[str, Index]] = field(default_factory=list)
    done: DoneEvent | None = None

    def add(self, event: Event) -> None:
        """Take note of `event`."""
        match event:
            case StepEvent():
                self.steps[event.task, event.index] = event
            case LoopEvent():
                self.loops[event.loop, event.index] = event.count
            case CaughtEvent():
                self.caught.append((event.attempt, event.index))
            case DoneEvent():
                self.done = event

    def entries(self) -> tuple[Entry, ...]:
        """One per call in the source and iteration reached, in the order of the source."""
        return tuple(self._block(self.pipeline.body, (), (), 0))

    def _block(self, block: Block, index: Index, shown: Index, told: int) -> Iterator[Entry]:
        """`told`: how many of the unrolled loops around, within the pipeline function, `shown` has."""
        for node in block.nodes:
            match node:
                case Task():
                    yield self._entry(node, index, (*shown, *_turns(node.site.iterations[told:])))
                case ForEach():
                    for i in range(self.loops.get((node.id, index), 0)):
                        around = (*shown, *_turns(node.iterations[told:]), i)
                        yield from self._block(node.body, (*index, i), around, len(node.iterations))
                case Group():
                    yield from self._block(node.body, index, (*shown, *_turns(node.iterations[told:])), 0)
                case _:
                    for inner in blocks(node):
                        yield from self._block(inner, index, shown, told)

    def _entry(self, task: Task, index: Index, shown: Index) -> Entry:
        event = self.steps.get((task.id, index))
        status, attempts = (event.status, event.attempts) if event else ("skipped", 0)
        if status == "running":  # the process went down with it
            status, attempts = "failed", max(attempts, 1)
        if status == "skipped":
            attempts = 0
        return Entry(task.id, task.site.step, task.site.group, task.site.line, index, status, attempts, shown)


def _turns(iterations: tuple[Iteration, ...]) -> Index:
    return tuple(turn.index for turn in iterations)


@dataclass(frozen=True)
class Outcome:
    """One run of one pipeline on one target."""

    target: str
    pipeline: str
    status: str
    """"succeeded" or "failed"."""
    result: Any
    """As JSON."""
    steps: tuple[Entry, ...]
    error: str | None
    caught: tuple[tuple[str, Index], ...] = ()
    """Where a `try` has caught something: its id, and indices of the loops around. Plain Python alone tells it."""
    fault: bool = False
    """The runner is at fault, not the pipeline."""
    shared: tuple[tuple[str, ...], ...] = ()
    """Calls that shared a task on this target, by the ids of their own tasks, in their order."""

    def as_json(self) -> dict[str, Any]:
        """As `run --json` writes it."""
        return {
            "target": self.target, "pipeline": self.pipeline, "status": self.status, "result": self.result,
            "steps": [entry.as_json() for entry in self.steps], "error": self.error,
        }  # fmt: skip
