"""Findings as a JSON array, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipec.compiler.diagnostics.renderers import Shown


def as_object(one: Shown) -> dict[str, object]:
    """One finding as the language reference says (section 7)."""
    finding = one.finding
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": one.severity,
        "message": finding.message,
        "file": one.path(finding.span),
        "line": finding.span.line,
        "column": finding.span.column,
        "target": finding.about or None,
    }


def render(shown: Sequence[Shown]) -> str:
    """All findings; `[]` where there are none."""
    return json.dumps([as_object(one) for one in shown], indent=2, ensure_ascii=False) + "\n"
