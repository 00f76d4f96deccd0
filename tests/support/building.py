"""Builds of cases, in process."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipec import api
from pipec.backends import names
from pipec.compiler.diagnostics import Finding
from pipec.ir import Pipeline
from tests.support.discovery import Case


@dataclass(frozen=True)
class Output:
    """What one target makes of a case."""

    files: Mapping[str, str]
    """Path below the target's folder -> text; empty where the case is refused."""
    main: frozenset[str]
    """The files that the orchestrator loads."""
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> dict[str, str]:
        """Code -> message."""
        return {f.code: f"{f.span.file}:{f.span.line} {f.message}" for f in self.findings if f.severity == "error"}


def source_of(case: Case) -> str:
    """What is built of a case: its pipeline; of a sample: all that is in its folder."""
    return str(case.folder) if case.folder.parent.name == "samples" else f"{case.file}:{case.function}"


def build(case: Case, target: str) -> Output:
    """What `target` makes of `case`, from the source on."""
    workspace = api.Workspace()
    built = api.build([source_of(case)], [target], workspace)
    root = case.folder / "built" / target
    files = api.outputs(built, None, workspace)
    return Output(
        files={path.relative_to(root).as_posix(): text for path, text in files.items()},
        main=frozenset(one.bundle.main for one in built),
        findings=tuple(shown.finding for shown in workspace.shown()),
    )


@functools.cache
def read(case: Case) -> Pipeline:
    """The pipeline of `case`, as every target gets it."""
    workspace = api.Workspace()
    found = api.read([f"{case.file}:{case.function}"], workspace)
    assert found and found[0].pipelines, findings_of(case.file, case.function)
    return found[0].lowered()[0]


def findings_of(file: Path, function: str | None) -> list[Finding]:
    """What is wrong with a module; with several pipelines together where none is named."""
    workspace = api.Workspace()
    source = str(file) if function is None else f"{file}:{function}"
    built = api.build([source], names() if function is None else (), workspace)
    api.outputs(built, None, workspace)
    return [shown.finding for shown in workspace.shown()]


def nested(files: Mapping[str, str]) -> dict[str, object]:
    """`{"a/b.py": text}` as `{"a": {"b.py": text}}`, the form that snapshots of folders take."""
    tree: dict[str, object] = {}
    for path, text in files.items():
        *folders, name = path.split("/")
        here = tree
        for folder in folders:
            here = here.setdefault(folder, {})  # type: ignore[assignment]
        here[name] = text
    return tree
