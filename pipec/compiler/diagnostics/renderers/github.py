"""Findings as workflow commands, which GitHub Actions shows beside the lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
"""

from __future__ import annotations

from collections.abc import Sequence

from pipec.compiler.diagnostics.renderers import Shown

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(shown: Sequence[Shown]) -> str:
    """One line per finding."""
    return "".join(_line(one) + "\n" for one in shown)


def _line(one: Shown) -> str:
    finding, span = one.finding, one.finding.span
    properties = {
        "file": one.path(span),
        "line": str(span.line),
        "col": str(span.column),
        "endLine": str(span.end_line),
        "endColumn": str(span.end_column),
        "title": f"{finding.code} {finding.name}",
    }
    if span.end_line != span.line:
        del properties["endColumn"]  # GitHub takes columns only where both are on one line
    if not span.file:
        properties = {"title": properties["title"]}
    text = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    message = finding.message + (f"\n{finding.help}" if finding.help else "")
    return f"::{_COMMANDS[one.severity]} {text}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
