"""Constants as formatters print them."""

from __future__ import annotations

from pipec.compiler.pysource.text import double_quoted
from pipec.compiler.rendering import python_literal as py
from pipec.ir.literals import value_of


def literal(source: str) -> str:
    """A constant with double quotes."""
    value = value_of(source)
    return py(value) if isinstance(value, str) else double_quoted(source)
