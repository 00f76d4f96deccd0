"""What a reader has made of a file, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from pipec.compiler.diagnostics import Report
from pipec.compiler.reading.module import Module
from pipec.compiler.reading.source import Source
from pipec.ir import Span

TaskStatus: TypeAlias = Literal["exact", "adapted", "opaque"]
"""How a task came over. "exact": the same code, arguments, settings and place in the graph; "adapted": the same
meaning in another form, or with a setting less, which a finding names; "opaque": kept in the words of its target,
where alone it can run."""


@dataclass(frozen=True)
class TaskRead:
    """One task of the original."""

    name: str
    """As the orchestrator calls it."""
    status: TaskStatus
    span: Span
    notes: tuple[str, ...] = ()
    """What was adapted or kept, for people; each a sentence without a full stop."""


@dataclass(frozen=True)
class PipelineRead:
    """One pipeline of the original."""

    name: str
    """As the orchestrator calls it."""
    function: str
    """Its function in the module that was made."""
    tasks: tuple[TaskRead, ...]
    covered: int = 0
    """How many lines of the file, or entries of its documents, have found their place in the result."""
    total: int = 0
    """Of how many that mean something: no blank lines, comments or what the orchestrator adds by itself."""


@dataclass(frozen=True)
class Outcome:
    """What one file has become."""

    module: Module | None
    """`None` where nothing could be made of it; the report says why."""
    pipelines: tuple[PipelineRead, ...] = ()


class Reader(Protocol):
    """What a backend offers that can read its orchestrator's pipelines. Stateless."""

    def looks_like(self, source: Source) -> bool:
        """Whether the file may hold pipelines of this orchestrator: a cheap look at its text, for folders."""
        ...

    def read(self, source: Source, report: Report) -> Outcome:
        """Read the file. Reports what is wrong and what is adapted; never raises for what stands in it, never runs it.

        A file that has no pipeline of this orchestrator gives an `Outcome` without pipelines, and `NothingToMigrate`.
        """
        ...
