"""What somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(wanted: str, known: Iterable[str]) -> str:
    """The one of `known` that looks most like `wanted`; "" where none does."""
    return next(iter(difflib.get_close_matches(wanted, list(known), 1)), "")
