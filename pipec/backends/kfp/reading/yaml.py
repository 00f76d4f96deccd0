"""Text of compiled pipelines -> `Documents`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.loading import Document, UnreadableError, documents
from pipec.backends.kfp.reading.validate import faults
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import SettingNotKept, UnreadablePipeline
from pipec.compiler.reading import Source
from pipec.ir import Span

TARGET = "kfp"
SHOWN = 10
"""Faults of one file that are told."""
MANIFESTS = ("Pipeline", "PipelineVersion")


def load(source: Source, report: Report) -> Documents | None:
    """The pipeline in `source`; `None` where a server would refuse the file, with a finding that says why."""
    try:
        read = documents(source)
    except UnreadableError as error:
        report.add(UnreadablePipeline(error.span, TARGET, error.reason))
        return None
    specs = [found for document in read for found in _specs(document, source, report)]
    platforms = [found for document in read for found in _platforms(document)]
    reason, span = "", source.start
    if not specs:
        reason = "there is no PipelineSpec document in the file"
    elif len(specs) > 1:
        reason, span = "there is more than one PipelineSpec document in the file", specs[1][1].get((), source.start)
    elif len(platforms) > 1:
        reason, span = "there is more than one platform document in the file", platforms[1][1].get((), source.start)
    if reason:
        report.add(UnreadablePipeline(span, TARGET, reason))
        return None
    spec, places = specs[0]
    platform, more = platforms[0] if platforms else ({}, {})
    made = Documents(spec, platform, {**more, **places})
    wrong = list(faults(made))
    for path, reason in wrong[:SHOWN]:
        report.add(UnreadablePipeline(made.place(*path), TARGET, reason))
    return None if wrong else without_nulls(made)


def _specs(document: Document, source: Source, report: Report) -> list[tuple[Mapping[str, Any], dict[Path, Span]]]:
    """The PipelineSpec that a document is, or that a manifest or a job has in it."""
    data = document.data
    if not isinstance(data, Mapping):
        return []
    if "pipelineInfo" in data or ("root" in data and "deploymentSpec" in data):
        return [(data, document.places)]
    for path in (("spec", "pipelineSpec"), ("pipelineSpec",)):
        inner = _at(data, path)
        if isinstance(inner, Mapping):
            if config := data.get("runtimeConfig"):
                span = document.places.get(("runtimeConfig",), source.start)
                names = ", ".join(sorted(map(str, config))) if isinstance(config, Mapping) else "values"
                report.add(SettingNotKept(span, TARGET, "the job", "runtimeConfig", f"{names} belong to one run"))
            return [(inner, _below(document.places, path))]
    return []


def _platforms(document: Document) -> list[tuple[Mapping[str, Any], dict[Path, Span]]]:
    data = document.data
    if not isinstance(data, Mapping):
        return []
    if "platforms" in data:
        return [(data, document.places)]
    inner = _at(data, ("spec", "platformSpec"))
    return [(inner, _below(document.places, ("spec", "platformSpec")))] if isinstance(inner, Mapping) else []


def _at(data: Mapping[str, Any], path: Path) -> Any:
    found: Any = data
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _below(places: Mapping[Path, Span], prefix: Path) -> dict[Path, Span]:
    return {path[len(prefix) :]: span for path, span in places.items() if path[: len(prefix)] == prefix}


def without_nulls(made: Documents) -> Documents:
    """`made` without fields that are set to nothing, as JSON has them; values of the pipeline keep theirs."""
    return Documents(
        _cleaned(made.spec), _cleaned(made.platform), made.places, made.sources, made.names, made.definitions,
        made.imports,
    )  # fmt: skip


def _cleaned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: inner if name in ("defaultValue", "constant", "metadata") else _cleaned(inner)
            for name, inner in value.items()
            if inner is not None
        }
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value
