"""Findings as SARIF 2.1.0, for code scanning (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pipec.compiler.diagnostics.finding import Finding
from pipec.compiler.diagnostics.renderers import Shown
from pipec.ir import Span

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(shown: Sequence[Shown]) -> str:
    """One run with its rules and results."""
    kinds = {one.finding.code: type(one.finding) for one in shown}
    codes = sorted(kinds)
    run = {
        "tool": {"driver": {"name": "pipec", "rules": [_rule(kinds[code]) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.finding.code)) for one in shown],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(kind: type[Finding]) -> dict[str, Any]:
    page = inspect.getdoc(kind) or ""
    return {
        "id": kind.code,
        "name": "".join(part.title() for part in kind.name.split("-")),
        "shortDescription": {"text": page.partition("\n\n")[0].replace("\n", " ")},
        "help": {"text": page},
        "defaultConfiguration": {"level": _LEVELS[kind.severity]},
    }


def _result(one: Shown, rule: int) -> dict[str, Any]:
    finding = one.finding
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[one.severity],
        "message": {"text": finding.message + (f" ({finding.help})" if finding.help else "")},
        "locations": [_location(one, finding.span)] if finding.span.file else [],
    }
    labels = [label for label in finding.labels if label.span.file]
    if labels:
        result["relatedLocations"] = [
            {"id": i, "message": {"text": label.text}, **_location(one, label.span)} for i, label in enumerate(labels)
        ]
    if finding.about:
        result["properties"] = {"target": finding.about}
    return result


def _location(one: Shown, span: Span) -> dict[str, Any]:
    path = one.path(span)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": ("file://" if path.startswith("/") else "") + quote(path)},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": span.end_line,
                "endColumn": span.end_column,
            },
        }
    }
