"""From pipelines to files: every target's backend, and what changes on disk."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipec import backends
from pipec.api.sources import Project, Selected, UsageError, Workspace, candidates, read
from pipec.compiler import passes
from pipec.compiler.backend import Bundle
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.pipeline import DuplicateName
from pipec.compiler.diagnostics.target import UnsupportedForm
from pipec.compiler.site import root_of
from pipec.ir import Pipeline

IGNORED = {"__pycache__", ".DS_Store"}
"""What may lie beside generated files."""


@dataclass(frozen=True)
class Built:
    """The files of one pipeline for one target."""

    target: str
    pipeline: Pipeline
    file: Path
    """The source."""
    bundle: Bundle


@dataclass(frozen=True)
class Change:
    """A file on disk that is not what would be generated now."""

    path: Path
    kind: str
    """"missing", "stale" or "extra"."""
    diff: str


def targets_of(text: Sequence[str], workspace: Workspace) -> tuple[str, ...]:
    """`("kfp,airflow@3.1",)` as targets; empty: all. `workspace` gets the versions. `UsageError` for unknown ones."""
    wanted: list[str] = []
    for part in (part.strip() for given in text for part in given.split(",") if part.strip()):
        name, at, version = part.partition("@")
        wanted.append(name)
        if not backends.known(name):
            listed = ", ".join(backends.names())
            if name == backends.REFERENCE:
                raise UsageError(f"for plain Python nothing is built, it is only run; targets to build: {listed}")
            raise UsageError(f"there is no target {name!r}; targets: {listed}")
        table = backends.get(name).capabilities
        if at and not table.supports(version):
            raise UsageError(f"pipec does not write for {name} {version}; versions: {', '.join(table.versions)}")
        if at and workspace.versions.setdefault(name, version) != version:
            raise UsageError(f"{name} is asked for in two versions: {workspace.versions[name]} and {version}")
    return tuple(dict.fromkeys(wanted)) or backends.names()


def build_one(pipeline: Pipeline, target: str, project: Project, workspace: Workspace) -> Bundle | None:
    """The files of a lowered pipeline for one target; `None` where a finding refuses it."""
    backend = backends.get(target)
    pipeline = passes.elsewhere(pipeline, target)
    report = Report()
    pipeline = passes.fuse(pipeline, report)
    backend.capabilities.check(pipeline, project.site, report)
    try:
        bundle = None if workspace.failed(report.findings) else backend.build(pipeline, project.site, report)
    except RecursionError:  # many blocks in one another, each with much in it
        reason = "it is nested too deeply: split it, or decide in a step"
        report.add(UnsupportedForm(pipeline.span, target, pipeline.name, reason))
        bundle = None
    project.report.extend(report.findings)
    return None if workspace.failed(report.findings) else bundle


def build(sources: Sequence[str], targets: Sequence[str], workspace: Workspace) -> list[Built]:
    """All pipelines of `sources` for all `targets`; what is refused is left out and reported."""
    found: list[Built] = []
    for selected in read(sources, workspace):
        wrong = {f.span.file for f in selected.project.report if f.severity == "error"}
        if selected.project.broken or any(p.file in wrong for p in selected.pipelines):
            continue  # a file that is wrong somewhere is not built in part
        for pipeline in selected.pipelines:
            lowered = passes.run(pipeline, selected.project.report)
            for target in targets:
                bundle = build_one(lowered, target, selected.project, workspace)
                if bundle is not None:
                    found.append(Built(target, pipeline, selected.file, bundle))
    return found


def check(sources: Sequence[str], targets: Sequence[str], workspace: Workspace) -> list[Selected]:
    """Report everything that is wrong, lossy or risky with `sources`, for each of `targets`."""
    selected = read(sources, workspace)
    found: list[Built] = []
    for one in selected:
        if one.project.broken:
            continue
        for pipeline in one.lowered():
            for target in targets:
                bundle = build_one(pipeline, target, one.project, workspace)
                found += [Built(target, pipeline, one.file, bundle)] if bundle is not None else []
    outputs(found, None, workspace)  # which reports pipelines that would overwrite each other
    return selected


def outputs(built: Sequence[Built], out: Path | None, workspace: Workspace) -> dict[Path, str]:
    """File on disk -> its text; `out` is `built` beside each source unless given. Reports pipelines that collide.

    So do names that differ in case alone, which many file systems take for one.
    """
    found: dict[tuple[Path, str], tuple[str, str, Built]] = {}
    for one in built:
        folder = (out or one.file.parent / "built") / one.target
        for relative, text in one.bundle.files.items():
            key = (folder, relative.lower())
            if key in found and (found[key][:2] != (relative, text) or _another(one, found[key][2], relative)):
                _duplicate(one, found[key][2], relative, workspace)
                continue
            found[key] = (relative, text, one)
    return {folder / relative: text for (folder, _), (relative, text, _) in found.items()}


def _another(one: Built, other: Built, relative: str) -> bool:
    """Whether two pipelines want the same main file, be it with the same text."""
    same = (one.file.resolve(), one.pipeline.function) == (other.file.resolve(), other.pipeline.function)
    return relative == one.bundle.main and not same


def _duplicate(one: Built, other: Built, relative: str, workspace: Workspace) -> None:
    project = workspace.project(root_of(one.file))
    name, where, its = one.pipeline.name, other.pipeline.span, other.pipeline.name
    alike = "" if relative in other.bundle.files else " to a file system that ignores case"
    file = f"{one.target}/{relative}{alike}" if its != name else ""
    project.report.add(DuplicateName(one.pipeline.span, name, where, its, file))


def compare(
    wanted: Mapping[Path, str], built: Sequence[Built], sources: Sequence[str], out: Path | None
) -> list[Change]:
    """What differs on disk: missing and stale files, and files that nothing generates any more."""
    changes: list[Change] = []
    for path, text in wanted.items():
        try:
            old: str | None = path.read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            old = None
        except UnicodeDecodeError:
            old = ""
        if old != text:
            changes.append(Change(path, "missing" if old is None else "stale", _diff(path, old or "", text)))
    for folder in _exclusive(built, sources, out):
        for path in _files_below(folder):
            if path not in wanted:
                changes.append(Change(path, "extra", f"only on disk: {path}\n"))
    return sorted(changes, key=lambda change: change.path)


def _diff(path: Path, old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"{path} (on disk)", f"{path} (generated now)"
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def _exclusive(built: Sequence[Built], sources: Sequence[str], out: Path | None) -> Iterator[Path]:
    """The target folders that hold the output of these sources alone, so that any other file there is a left-over.

    One pipeline by name, or one file of several beside each other, share their folder with others.
    """
    files = {one.file.resolve() for one in built}
    whole = {Path(s).resolve() for s in sources if Path(s).exists()}
    folders: dict[Path, None] = {}
    for one in built:
        named_whole = one.file.resolve() in whole or any(w in one.file.resolve().parents for w in whole)
        siblings = {f.resolve() for f in candidates(one.file.parent) if f.parent == one.file.parent}
        if named_whole and siblings <= files | {one.file.resolve()}:
            folders[(out or one.file.parent / "built") / one.target] = None
    yield from folders


def _files_below(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in IGNORED and not f.startswith(".")]
        yield from (Path(current) / f for f in files if f not in IGNORED and not f.startswith("."))


def write(wanted: Mapping[Path, str]) -> list[Path]:
    """Write what differs; gives the files that changed. Each is written aside first, so none is ever half there."""
    ready: list[tuple[str, Path]] = []
    path = Path()
    try:
        for path, text in wanted.items():
            data = text.encode()
            if path.is_file() and path.read_bytes() == data:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            ready.append((temporary, path))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o644)
        for temporary, path in ready:
            os.replace(temporary, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        for temporary, _ in ready:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return [path for _, path in ready]
