"""Pipelines of other orchestrators, found by their folders, and what `migrate` makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipec.api.migrating import Migration, migrate
from pipec.api.sources import Workspace
from pipec.backends import REFERENCE, names
from tests.support.discovery import ROOT

ORIGINS = {"kfp": "kfp", "kfp_dsl": "kfp", "airflow": "airflow", "metaflow": "metaflow"}
"""Folder of `tests/reading` -> the orchestrator of its cases."""


@dataclass(frozen=True)
class Original:
    """A folder with an `original.py` or `original.yaml`."""

    folder: Path

    @property
    def id(self) -> str:
        """Its folder's name, below that of its origin."""
        return f"{self.folder.parent.name}-{self.folder.name}"

    @property
    def origin(self) -> str:
        """The orchestrator that it is written for."""
        return ORIGINS[self.folder.parent.name]

    @property
    def file(self) -> Path:
        """The file."""
        return next(f for f in sorted(self.folder.glob("original.*")) if f.suffix in (".py", ".yaml"))


def originals() -> list[Original]:
    """All of them, by origin and name."""
    found = {file.parent for kind in ORIGINS for file in (ROOT / "tests" / "reading" / kind).glob("*/original.*")}
    return [Original(folder) for folder in sorted(found)]


@cache
def everywhere(original: Original) -> Migration:
    """What becomes of it as plain Python and for all targets."""
    return migrate(original.file, original.origin, (REFERENCE, *names()), Path("migrated"), Workspace())


def told(done: Migration) -> str:
    """The report as it is committed beside the module: without what is refused for other targets."""
    data = done.as_json()
    findings = [
        f"{f.finding.code} {f.severity} {f.finding.span.line}:{f.finding.span.column} {f.finding.message}"
        for f in done.findings
        if f.finding.about in ("", done.origin) or f.finding.code.startswith("PC5")
    ]
    report = {"pipelines": data["pipelines"], "findings": findings}
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
