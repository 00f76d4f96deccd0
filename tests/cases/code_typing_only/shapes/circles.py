"""A class that is mentioned before it is defined."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from .areas import table

if TYPE_CHECKING:
    from nowhere import Paper


@dataclass
class Circle:
    radius: int
    inside: Optional["Circle"] = None

    def drawn(self, paper: "Paper | None" = None) -> "list[Circle]":
        return [self, *(self.inside.drawn(paper) if self.inside else [])]

    def table(self) -> list:
        return table(self)
