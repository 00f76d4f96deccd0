"""What `run` and `verify` ask of a runner process, and what it answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Base of all messages: one JSON object on one line."""

    model_config = ConfigDict(extra="forbid")


class RunRequest(Message):
    """One run of one generated pipeline."""

    target: str
    pipeline: str
    """File with the IR as JSON (`Pipeline.model_dump_json`), before any target's own legalising passes."""
    bundle: str
    """Folder in which the generated files lie; "" for plain Python."""
    main: str
    """Path of the file that the orchestrator loads, relative to `bundle`."""
    source_root: str
    """The project root: read only; on the import path of steps only where the target is plain Python."""
    source_file: str
    """The pipeline's module, absolute."""
    params: str
    """Python literal of a dict: the parameters given on the command line (see `pipec.ir.literals`)."""
    workdir: str
    """An empty throw-away folder of this run alone: homes, databases, stores and scratch go here."""
    result: str
    """File that the runner writes the loaded result to, by `pipec.compiler.backend.results.save`."""
    cache: str = ""
    """Folder of a cache that outlives the run; "" for an empty one."""
    paths: tuple[str, ...] = ()
    """Further folders of the project's modules (`[tool.pipec] paths`), absolute; for plain Python only."""
    versions: dict[str, str] = {}
    """What the bundle is written for: `Site.versions`."""


class StepEvent(Message):
    """A step call changed its state. `run` shows it."""

    kind: Literal["step"] = "step"
    task: str
    """Id of the IR `Task`."""
    index: tuple[int, ...] = ()
    """Loop indices, outermost first."""
    status: Literal["running", "succeeded", "failed", "skipped", "cached"]
    attempts: int = 0
    """Attempts so far; 0 for a skipped step."""


class LoopEvent(Message):
    """A loop was reached, and has so many iterations."""

    kind: Literal["loop"] = "loop"
    loop: str
    """Id of the IR `ForEach`."""
    index: tuple[int, ...] = ()
    """Indices of the loops around it."""
    count: int


class CaughtEvent(Message):
    """A `try` has caught a failure; only plain Python tells it, since it alone stops at the first one."""

    kind: Literal["caught"] = "caught"
    attempt: str
    """Id of the IR `Try`."""
    index: tuple[int, ...] = ()
    """Indices of the loops around it."""


class LogEvent(Message):
    """Output of a step, or of the orchestrator, to show."""

    kind: Literal["log"] = "log"
    text: str
    task: str = ""
    """Id of the IR `Task`; "" for the orchestrator itself."""


class DoneEvent(Message):
    """The run is over; always the last event of a request."""

    kind: Literal["done"] = "done"
    status: Literal["succeeded", "failed"]
    error: str | None = None
    """The failing step's own traceback, and the orchestrator's own word."""
    fault: bool = False
    """The runner itself is at fault (a bug of pipec), not the pipeline."""


Event = StepEvent | LoopEvent | CaughtEvent | LogEvent | DoneEvent


def parse_event(data: dict[str, Any]) -> Event:
    """The event of one decoded line."""
    kinds: dict[str, type[Event]] = {
        "step": StepEvent, "loop": LoopEvent, "caught": CaughtEvent, "log": LogEvent, "done": DoneEvent,
    }  # fmt: skip
    return kinds[data["kind"]].model_validate(data)
