"""From the sources named on the command line to pipelines: files, folders, `FILE:PIPELINE` and printed IR."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from pipec import backends
from pipec.compiler import frontend, passes
from pipec.compiler.diagnostics import Finding, Report, Severity
from pipec.compiler.diagnostics.renderers import Shown
from pipec.compiler.diagnostics.source import NoPipeline, UnreadableFile
from pipec.compiler.site import Site, load, profiles, root_of
from pipec.compiler.toml_places import FILE
from pipec.ir import Group, Pipeline, Span
from pipec.ir.graph import walk
from pipec.ir.versions import UnknownVersionError, upgraded

SKIPPED = {"__pycache__", "node_modules", "site-packages", "build", "built", "dist", "venv", "env"}
"""Folders that are never searched for pipelines, besides hidden ones and virtual environments."""

STRICT = {"lossy-feature", "lossy-setting"}
"""Warnings that `--strict` makes errors of."""


class UsageError(Exception):
    """The caller asked for something that there is not; the text is for people."""


@dataclass
class Project:
    """One project root with its site, and what was found wrong below it."""

    root: Path
    site: Site
    report: Report

    @property
    def broken(self) -> bool:
        """Whether the project's configuration is wrong, so that nothing may be built with it."""
        return any(f.span.file == FILE and f.severity == "error" for f in self.report.findings)


@dataclass
class Workspace:
    """The projects of one call of pipec, and how its findings count."""

    profile: str | None = None
    strict: bool = False
    versions: dict[str, str] = field(default_factory=dict)
    """Target -> version to write for, whatever the projects say; to be set before a project is read."""
    _projects: dict[Path, Project] = field(default_factory=dict)

    def project(self, root: Path) -> Project:
        """The project in `root`, read once."""
        if root not in self._projects:
            report = Report()
            if self.profile is not None and self.profile not in (known := profiles(root)):
                listed = f"known: {', '.join(known)}" if known else f"{root / 'pyproject.toml'} has none"
                raise UsageError(f"there is no profile {self.profile!r}; {listed}")
            site = load(root, report, self.profile, backends.names())
            site = site.model_copy(update={"versions": {**site.versions, **self.versions}})
            self._projects[root] = Project(root, site, report)
        return self._projects[root]

    def note(self, path: Path, finding: Finding) -> None:
        """Add a finding about `path` itself, whose project may be none that can be read."""
        root = root_of(path)
        project = self._projects.setdefault(root, Project(root, Site(), Report()))
        project.report.add(finding)

    def severity(self, finding: Finding) -> Severity:
        """How much `finding` counts in this call."""
        return "error" if self.strict and finding.name in STRICT else finding.severity

    def failed(self, findings: Iterable[Finding]) -> bool:
        """Whether there is an error among `findings`."""
        return any(self.severity(f) == "error" for f in findings)

    def shown(self) -> list[Shown]:
        """All findings so far."""
        return [
            Shown(finding, project.root, self.severity(finding))
            for project in self._projects.values()
            for finding in project.report.findings
        ]


@dataclass(frozen=True)
class Selected:
    """The pipelines of one file."""

    project: Project
    file: Path
    pipelines: tuple[Pipeline, ...]
    """As read: every call of the source is in them."""
    whole: bool
    """All pipelines of the file, not one by name."""

    def lowered(self) -> tuple[Pipeline, ...]:
        """The pipelines after the neutral passes: what backends get."""
        return tuple(passes.run(p, self.project.report) for p in self.pipelines)


def read(sources: Sequence[str], workspace: Workspace) -> list[Selected]:
    """The pipelines of all `sources`, in order; what cannot be read is reported."""
    found: list[Selected] = []
    seen: set[tuple[Path, str | None]] = set()
    for source in sources:
        for file, pipeline in _files(source, workspace):
            if (problem := _problem(file)) is not None:
                workspace.note(file, UnreadableFile(start(file), problem))
                continue
            key = (file.resolve(), pipeline)
            if key in seen:
                continue
            seen.add(key)
            selected = _read_file(file, pipeline, workspace)
            if selected is not None:
                found.append(selected)
    return found


def read_one(source: str, workspace: Workspace) -> tuple[Selected, Pipeline] | None:
    """The one pipeline that `source` means, as read; `None` where findings say why there is none.

    Pipelines that another one of the source calls are parts of that one. `UsageError` where several remain.
    """
    selected = read([source], workspace)
    everything = [(s, p) for s in selected for p in s.pipelines]
    called = {node.name for _, p in everything for node in walk(p.body) if isinstance(node, Group)}
    chosen = [(s, p) for s, p in everything if p.function not in called] or everything
    if len(chosen) > 1:
        names = ", ".join(f"{from_here(s.file)}:{p.function}" for s, p in chosen)
        raise UsageError(f"{source} has several pipelines; name one: {names}")
    return chosen[0] if chosen and not workspace.failed(chosen[0][0].project.report.findings) else None


def from_here(file: Path) -> str:
    """`file` as people see it: from the current folder where it lies below that."""
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)


def _problem(file: Path) -> str | None:
    """Why `file` cannot be opened; `None` where it can."""
    try:
        file.stat()
    except FileNotFoundError:
        return "the link leads nowhere" if file.is_symlink() else "there is no such file"
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def _files(source: str, workspace: Workspace) -> Iterator[tuple[Path, str | None]]:
    """Files, each with the name of the pipeline that is meant, or `None` for all."""
    path, pipeline = Path(source), None
    if not os.path.lexists(path):
        before, colon, after = source.rpartition(":")
        if colon and before and after.isidentifier():
            path, pipeline = Path(before), after
    if not path.is_dir():
        yield path, pipeline
        return
    if pipeline is not None:
        raise UsageError(f"{path} is a folder; name a pipeline as FILE:{pipeline}")
    found = False
    for file in candidates(path):
        root = root_of(file)
        if frontend.has_pipelines(file, root=root, site=workspace.project(root).site):
            found = True
            yield file, None
    if not found:
        workspace.note(path.resolve(), NoPipeline(start(path)))


def candidates(folder: Path) -> Iterator[Path]:
    """The Python files below `folder` that may have pipelines, in order of their paths."""
    return filter(may_have_pipelines, files_below(folder, (".py",)))


def files_below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """The files below `folder` that a person has written, in order of their paths."""
    for current, folders, files in os.walk(folder):
        here = Path(current)
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and f not in SKIPPED and not (here / f / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in sorted(files) if name.endswith(suffixes) and not name.startswith("."))


def may_have_pipelines(file: Path) -> bool:
    """A quick look: whether the text mentions pipec's decorator. What cannot be opened counts."""
    try:
        data = file.read_bytes()
    except OSError:
        return True
    return b"pipec" in data and b"pipeline" in data


def start(path: Path) -> Span:
    """The beginning of `path`, relative to its project; links stay as they were named."""
    whole = Path(os.path.normpath(Path.cwd() / path))
    try:
        file = whole.relative_to(root_of(path)).as_posix()
    except ValueError:
        file = str(whole)
    return Span(file=file, line=1, column=1, end_line=1, end_column=1)


def _read_file(file: Path, pipeline: str | None, workspace: Workspace) -> Selected | None:
    project = workspace.project(root_of(file))
    if file.suffix == ".json":
        return _read_ir(file, pipeline, project)
    report = Report()  # of this file alone: an error in one does not keep another from being built
    found = frontend.read(file, root=project.root, site=project.site, report=report, pipeline=pipeline)
    project.report.extend(report.findings)
    return Selected(project, file, found, pipeline is None)


def _read_ir(file: Path, pipeline: str | None, project: Project) -> Selected | None:
    """IR as `pipec ir` prints it: one pipeline, or an array of them."""
    place = start(file)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        listed = data if isinstance(data, list) else [data]
        found = tuple(Pipeline.model_validate_json(json.dumps(upgraded(one))) for one in listed)
    except OSError as error:
        project.report.add(UnreadableFile(place, error.strerror or type(error).__name__))
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        project.report.add(UnreadableFile(place, f"it is no IR of this version: {where}: {first['msg']}"))
        return None
    except UnknownVersionError as error:
        project.report.add(UnreadableFile(place, str(error)))
        return None
    except ValueError as error:  # not UTF-8, or no JSON
        line = getattr(error, "lineno", 1)
        place = place.model_copy(update={"line": line, "end_line": line, "column": getattr(error, "colno", 1)})
        project.report.add(UnreadableFile(place, f"it is no IR: {error}"))
        return None
    chosen = tuple(p for p in found if pipeline in (None, p.function))
    if not chosen:
        raise UsageError(f"{file} has no pipeline {pipeline!r}")
    return Selected(project, file, chosen, pipeline is None)


__all__ = ["Project", "Selected", "UsageError", "Workspace", "from_here", "read", "read_one", "start"]
