"""A compiled pipeline as it is read: what the two readers, of YAML and of Python source, have in common.

The reader of Python source makes the documents that the orchestrator's own compiler would make, without running
anything; so there is one translation of a pipeline, and the compiler itself can be held against the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pipec.ir import NOWHERE, Span

Path: TypeAlias = "tuple[str, ...]"
"""Keys from the root of a document: `("root", "dag", "tasks", "train")`; indices of lists as text."""


@dataclass(frozen=True)
class Documents:
    """One pipeline."""

    spec: Mapping[str, Any]
    """The PipelineSpec document, as YAML loads it."""
    platform: Mapping[str, Any] = field(default_factory=dict)
    """The platform document; empty where there is none."""
    places: Mapping[Path, Span] = field(default_factory=dict)
    """Where entries of `spec` were written; those of `platform` under `("platforms", ...)`."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Executor label -> the component's own `def` as the user wrote it, where that is known; no decorators."""
    names: Mapping[Path, str] = field(default_factory=dict)
    """Path of a task -> the variable that the user gave it; of a loop -> that of its items; of a pipeline -> its
    function."""
    definitions: tuple[str, ...] = ()
    """Further top-level statements of the user's module that the components need."""
    imports: tuple[str, ...] = ()
    """Its import statements that they need."""

    def place(self, *path: str) -> Span:
        """Where the entry at `path` was written, or the nearest entry around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return NOWHERE
