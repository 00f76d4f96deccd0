"""From pipelines of other orchestrators to plain Python modules, and to any target's files."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from pipec import backends
from pipec.api.building import build_one, write
from pipec.api.sources import Project, UsageError, Workspace, files_below, start
from pipec.api.workers import throwaway
from pipec.compiler import frontend, passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import ModuleElsewhere, NothingToMigrate, UnreadablePipeline
from pipec.compiler.diagnostics.pipeline import DuplicateName
from pipec.compiler.diagnostics.renderers import Shown
from pipec.compiler.diagnostics.renderers.json import as_object
from pipec.compiler.reading import Outcome, PipelineRead, Reader, Source, absolute_imports, render
from pipec.compiler.site import root_of
from pipec.ir import Pipeline

Status: TypeAlias = Literal["exact", "with_findings", "failed"]
"""How a file has come over. "exact": everything means the same, and nothing is left out or kept in the words of its
target; "failed": there is an error, so that something that was asked for is not there."""

LARGEST = 64 * 2**20
"""Bytes of the largest file that is looked at."""

SUFFIXES = (".py", ".yaml", ".yml")
"""What pipelines are written in."""


@dataclass
class Migration:
    """One file that was read, and what has become of it."""

    source: Path
    origin: str
    """The orchestrator that it is written for."""
    pipelines: tuple[PipelineRead, ...] = ()
    files: dict[Path, str] = field(default_factory=dict)
    """File to write -> its text."""
    findings: list[Shown] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """How it has come over."""
        severities = {one.severity for one in self.findings}
        if "error" in severities or not self.files:
            return "failed"
        return "with_findings" if "warning" in severities else "exact"

    def count(self, status: str) -> int:
        """How many tasks came over as "exact", "adapted" or "opaque"."""
        return sum(task.status == status for pipeline in self.pipelines for task in pipeline.tasks)

    def as_json(self) -> dict[str, object]:
        """As the language reference says (section 7)."""
        pipelines = [
            {
                "name": pipeline.name,
                "function": pipeline.function,
                "tasks": [
                    {"name": task.name, "status": task.status, "line": task.span.line, "notes": list(task.notes)}
                    for task in pipeline.tasks
                ],
                "covered": pipeline.covered,
                "total": pipeline.total,
            }
            for pipeline in self.pipelines
        ]
        return {
            "source": self.source.as_posix(),
            "from": self.origin,
            "status": self.status,
            "pipelines": pipelines,
            "files": [path.as_posix() for path in self.files],
            "findings": [as_object(one) for one in self.findings],
        }

    @property
    def coverage(self) -> float | None:
        """The share of the file that has found its place in the result; `None` where the reader cannot tell."""
        total = sum(p.total for p in self.pipelines)
        return sum(p.covered for p in self.pipelines) / total if total else None


def readers() -> dict[str, Reader]:
    """The orchestrators whose pipelines can be read, each with its reader."""
    found = {name: _reader(name) for name in backends.names()}
    return {name: reader for name, reader in found.items() if reader is not None}


def reader_of(origin: str) -> Reader:
    """The reader for `origin`; `UsageError` where there is none."""
    found = _reader(origin) if backends.known(origin) else None
    if found is None:
        raise UsageError(f"pipelines of {origin!r} cannot be read; known: {', '.join(readers())}")
    return found


def _reader(name: str) -> Reader | None:
    return getattr(backends.get(name), "reader", None)


def candidates(path: Path, known: Mapping[str, Reader]) -> Iterator[tuple[Path, list[str]]]:
    """`path` itself, or the files below it, each with those of `known` for which it may hold pipelines."""
    for file in files_below(path, SUFFIXES) if path.is_dir() else (path,):
        source = read_source(file)
        if isinstance(source, str):  # what cannot be read is reported
            yield file, list(known)
        elif names := [name for name, reader in known.items() if reader.looks_like(source)]:
            yield file, names


def read_source(path: Path) -> Source | str:
    """The file at `path` as text, or why it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            return f"it is larger than {LARGEST // 2**20} MiB"
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return error.strerror or type(error).__name__
    except UnicodeDecodeError as error:
        return f"it is not UTF-8: {error.reason} at byte {error.start}"
    root, text = root_of(path), text.replace("\r\n", "\n").replace("\r", "\n")
    real = Path(os.path.realpath(path))
    return Source(real, start(path).file, absolute_imports(text, real, root), root)


def migrate(path: Path, origin: str, targets: Sequence[str], folder: Path, workspace: Workspace) -> Migration:
    """Read the pipelines in the file `path`, and write them anew, below `folder`.

    `targets`: orchestrators, and "python" for the module itself, which lies in `folder`; what is for an orchestrator
    lies in its own folder there, as `build` does it. Nothing is written yet, and nothing that is read is run.
    """
    done = Migration(path, origin)
    report = Report()
    root = root_of(path)
    source = read_source(path)
    outcome = Outcome(None)
    if isinstance(source, str):
        report.add(UnreadablePipeline(start(path), origin, source))
    else:
        outcome = _read(source, origin, report)
        if not outcome.pipelines and not report.failed:
            report.add(NothingToMigrate(source.start, origin))
    done.pipelines = outcome.pipelines
    done.findings += [Shown(f, root, workspace.severity(f)) for f in report.sorted()]
    if outcome.module is not None:
        text = render(outcome.module)
        if backends.REFERENCE in targets:
            assert not isinstance(source, str)
            found = list(_elsewhere(source, text, folder, workspace))
            done.findings += [Shown(f, root, workspace.severity(f)) for f in found]
            done.files[folder / f"{module_name(path)}.py"] = text
            done.files |= {folder / name: beside for name, beside in outcome.module.files.items()}
        _build(done, text, outcome.module.files, targets, folder, workspace)
    return done


def _elsewhere(source: Source, text: str, folder: Path, workspace: Workspace) -> Iterator[ModuleElsewhere]:
    """The modules of the project that the result in `folder` would not find, one for each folder that they lie in."""
    written = folder / f"{module_name(source.path)}.py"
    root = root_of(written)
    result = replace(source, path=Path(os.path.realpath(written)), root=root)
    looked = [root / path for path in workspace.project(root).site.paths]
    places = {name: node for node, name in _imported(source.text)} if source.path.suffix == ".py" else {}
    told = set()
    for _, name in _imported(text):
        file = next((file for file in source.modules(name) if file.is_file()), None)
        if file is None or name.split(".")[0] == "pipec" or any(f.is_file() for f in result.modules(name, looked)):
            continue
        lies = file.parents[name.count(".") + (file.stem == "__init__")]
        if lies not in told:
            told.add(lies)
            span = source.span(places[name]) if name in places else source.start
            yield ModuleElsewhere(span, name, Path(os.path.relpath(lies, root)).as_posix())


def _imported(text: str) -> Iterator[tuple[ast.stmt, str]]:
    """The import statements of a module, functions included, with the modules that they name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def _read(source: Source, origin: str, report: Report) -> Outcome:
    """The outcome of `origin`'s reader; nesting beyond what Python's own parser takes is a finding."""
    try:
        return reader_of(origin).read(source, report)
    except (RecursionError, MemoryError) as error:
        report.add(UnreadablePipeline(source.start, origin, str(error) or "it is too deeply nested"))
        return Outcome(None)


def module_name(path: Path) -> str:
    """The name of the module that `path` becomes: an identifier."""
    name = re.sub(r"\W", "_", path.stem)
    return f"pipeline_{name}" if not name or name[0].isdigit() else name


def _build(
    done: Migration, text: str, files: Mapping[str, str], targets: Sequence[str], folder: Path, workspace: Workspace
) -> None:
    """Let the frontend read the module, with `files` beside it, and build its pipelines for `targets`."""
    root = root_of(done.source)
    site = workspace.project(root).site
    beside = (os.fspath(done.source.resolve().parent), os.fspath(root))
    with throwaway() as scratch:
        file = scratch / f"{module_name(done.source)}.py"
        write({file: text, **{scratch / name: beside for name, beside in files.items()}})
        project = Project(scratch, site.model_copy(update={"paths": (*site.paths, *beside)}), Report())
        pipelines = frontend.read(file, root=scratch, site=project.site, report=project.report)
    wanted = {p.function for p in done.pipelines}
    of: dict[Path, Pipeline] = {}
    for pipeline in pipelines:
        lowered = passes.run(pipeline, Report())
        for target in targets:
            bundle = None
            if target != backends.REFERENCE and pipeline.function in wanted:
                bundle = build_one(lowered, target, project, workspace)
            if bundle is None:
                continue
            other = of.setdefault(folder / target / bundle.main.lower(), pipeline)
            if other is not pipeline:
                path = f"{target}/{bundle.main}"
                project.report.add(DuplicateName(pipeline.span, pipeline.name, other.span, other.name, path))
                continue
            done.files |= {folder / target / name: text for name, text in bundle.files.items()}
    found = (f for f in project.report.sorted() if f.severity == "error" or f.about in targets)
    done.findings += [Shown(f, folder, workspace.severity(f)) for f in found]
