"""What every IR node is: an immutable pydantic model, and a place in the source."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Node(BaseModel):
    """Base of all IR models: frozen, no unknown fields, compared by value."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Span(Node):
    """A place in a source file. Carried everywhere, and no part of the meaning."""

    file: str
    """Path relative to the project root, with forward slashes."""
    line: int
    """First line, counted from 1."""
    column: int
    """First column, counted from 1, in characters."""
    end_line: int
    end_column: int
    """One past the last character, counted from 1."""


NOWHERE = Span(file="", line=1, column=1, end_line=1, end_column=1)
