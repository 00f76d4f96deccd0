"""One run of one pipeline on one target, in a throw-away folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipec import backends
from pipec.api.building import build_one
from pipec.api.outcome import Outcome, Trace
from pipec.api.shared import Shared
from pipec.api.sources import Selected, Workspace
from pipec.api.workers import OnEvent, Worker
from pipec.compiler import passes
from pipec.compiler.backend.protocol import DoneEvent, RunRequest
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import UnsupportedFeature
from pipec.ir import Pipeline
from pipec.ir.graph import tasks
from pipec.ir.literals import source_of


def run(
    selected: Selected, pipeline: Pipeline, worker: Worker, params: Mapping[str, Any], folder: Path,
    workspace: Workspace, on_event: OnEvent = lambda event: None, cache: Path | None = None,
) -> tuple[Outcome, Path] | None:  # fmt: skip
    """Run `pipeline` (as read) on the target of `worker`, in the new `folder`: the outcome, and the file of the result.

    `None` where a finding refuses the pipeline for that target.
    """
    here = worker.target != backends.REFERENCE and backends.get(worker.target).runs_natives
    lowered = passes.elsewhere(passes.run(pipeline, selected.project.report), worker.target if here else "")
    lowered = passes.quiet(lowered)
    (folder / "work").mkdir(parents=True)
    main = _bundle(selected, lowered, worker.target, folder / "bundle", workspace)
    if main is None:
        return None
    built = lowered if worker.target == backends.REFERENCE else passes.fuse(lowered, Report())
    shared = Shared.of(pipeline, built)
    (folder / "pipeline.json").write_text(built.model_dump_json(), encoding="utf-8")
    result = folder / "result.json"
    request = RunRequest(
        target=worker.target,
        pipeline=str(folder / "pipeline.json"),
        bundle=str(folder / "bundle") if main else "",
        main=main,
        source_root=str(selected.project.root),
        source_file=str(selected.project.root / pipeline.file),
        params=source_of(dict(params)),
        workdir=str(folder / "work"),
        result=str(result),
        cache=str(cache.resolve()) if cache else "",
        paths=tuple(str((selected.project.root / p).resolve()) for p in selected.project.site.paths),
        versions=selected.project.site.versions,
    )
    trace = Trace(pipeline)

    def listen(event: Any) -> None:
        for told in shared.events(event):
            trace.add(told)
            on_event(told)

    done = worker.run(request, listen)
    trace.add(done)
    shared.settle(trace, done)
    on_event(done)
    return _outcome(trace, done, worker.target, result, tuple(shared.tasks.values())), result


def _bundle(selected: Selected, lowered: Pipeline, target: str, folder: Path, workspace: Workspace) -> str | None:
    """Write the generated files; the main one, "" for plain Python, or `None` where the pipeline is refused."""
    if _cannot_run(selected, lowered, target):
        return None
    if target == backends.REFERENCE:
        return ""
    bundle = build_one(lowered, target, selected.project, workspace)
    if bundle is None:
        return None
    for relative, text in bundle.files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return bundle.main


def _cannot_run(selected: Selected, lowered: Pipeline, target: str) -> bool:
    """Whether there are steps that `target` cannot run here; reports them.

    Containers neither plain Python nor a local runner can run; what is in the words of a target,
    plain Python cannot, and not all of their local runners can.
    """
    reference = target == backends.REFERENCE
    found = False
    for task in tasks(lowered):
        component = lowered.component(task.component)
        if component.container is not None:
            feature = "step.container"
            what = "meaning for a container step" if reference else "local runner for a container step"
            note = "run it on an orchestrator" if reference else "`pipec build` it, and run it on the cluster"
        elif component.native is not None and (reference or not backends.get(target).runs_natives):
            feature = "step.native"
            what = "meaning for a native step" if reference else "local runner for a native step"
            note = "run it on its own target" if reference else "`pipec build` it, and run it on the cluster"
        else:
            continue
        found = True
        selected.project.report.add(UnsupportedFeature(task.span, target, feature, what, task.site.step, note))
    return found


def _outcome(trace: Trace, done: DoneEvent, target: str, result: Path, shared: tuple[tuple[str, ...], ...]) -> Outcome:
    value: Any = None
    error = done.error
    if done.status == "succeeded":
        value = json.loads(result.read_text(encoding="utf-8"))["json"]
        error = None
    return Outcome(
        target, trace.pipeline.name, done.status, value, trace.entries(), error, tuple(trace.caught), done.fault, shared
    )
