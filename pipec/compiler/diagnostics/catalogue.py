"""All findings there are: importing this module fills `FINDINGS`."""

from __future__ import annotations

import importlib
import pkgutil

from pipec.compiler import diagnostics
from pipec.compiler.diagnostics import finding

FAMILIES = {
    "1": "source and configuration that cannot be read",
    "2": "the pipeline is wrong",
    "3": "risky",
    "4": "a target cannot express it",
    "5": "reading existing code",
    "9": "a fault of pipec",
}
"""First digit of a code -> what the family is about."""

for _module in pkgutil.iter_modules(diagnostics.__path__):
    if not _module.ispkg and _module.name not in ("catalogue", "finding", "report"):
        importlib.import_module(f"{diagnostics.__name__}.{_module.name}")


def find(code_or_name: str) -> type[finding.Finding] | None:
    """The finding with this code ("PC401", "401") or name ("unsupported-feature")."""
    wanted = code_or_name.strip().lower()
    for code, kind in finding.FINDINGS.items():
        if wanted in (code.lower(), code.lower().removeprefix("pc"), kind.name):
            return kind
    return None


def everything() -> list[type[finding.Finding]]:
    """All findings, by code."""
    return [finding.FINDINGS[code] for code in sorted(finding.FINDINGS)]
