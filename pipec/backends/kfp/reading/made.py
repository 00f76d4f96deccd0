"""What a part of a pipeline has become, and what the report says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipec.backends.kfp.reading.documents import Path
from pipec.compiler.reading import Remark, Statement

Sinks = Mapping[str, list[str]]
"""Output of a group -> the lists that collect it."""


@dataclass
class Made:
    """What a node has become."""

    statements: list[Statement]
    handles: list[str] = field(default_factory=list)
    """Names of results that tell when it has ended."""
    effect: bool = False
    """Whether it has calls that are bare statements, so that all around waits for it."""


@dataclass
class Notes:
    """What the report says of a task."""

    adapted: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """The class or function of the SDK in whose words it is kept."""
    lost: list[tuple[Path, str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    """What stands above it in the module for people."""
    marked: list[str] = field(default_factory=list)
    """Those of `changed` that a remark in the module tells already."""

    def remarks(self) -> list[Statement]:
        """What is still to be marked."""
        new = [text for text in dict.fromkeys(self.changed) if text not in self.marked]
        self.marked += new
        comments, self.comments = self.comments, []
        return [*map(Remark, comments), *(Remark(f"PC507: {text}") for text in new)]
