"""A pipeline that has been put into documents, and where each of their entries came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.dsl.parts import Component
from pipec.ir import Span


@dataclass
class Compiled:
    """The documents of one pipeline while they are made."""

    spec: dict[str, Any]
    platform: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Span] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    components: list[Component] = field(default_factory=list)
    """Those that are functions of the user's."""

    def documents(self, definitions: tuple[str, ...] = (), imports: tuple[str, ...] = ()) -> Documents:
        """The result."""
        return Documents(
            spec=self.spec,
            platform=self.platform,
            places=self.places,
            sources=self.sources,
            names=self.names,
            definitions=definitions,
            imports=imports,
        )
