"""Runs a built pipeline on the small server: the process that takes the place of KFP's own runner in the tests."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipec.backends.kfp.build import lowered
from pipec.backends.kfp.lower import is_raw
from pipec.backends.kfp.program import FILES, RUNTIME, runtime
from pipec.compiler.backend import results
from pipec.compiler.backend.protocol import DoneEvent, LogEvent, LoopEvent, RunRequest, StepEvent
from pipec.compiler.backend.worker import Emit, serve
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from pipec.ir.literals import value_of
from tests.support.pipelinespec import containers
from tests.support.pipelinespec.errors import Refused
from tests.support.pipelinespec.objects import local_path
from tests.support.pipelinespec.server import Run, Server, surroundings

LIBRARIES = ("numpy", "pandas")
"""What forks have for nothing."""
HEAVY = {"sklearn": ("sklearn.linear_model", "sklearn.datasets", "pyarrow.parquet")}
"""Distribution -> modules that only runs which need them import: they make every fork slower."""


def run(request: RunRequest, emit: Emit) -> DoneEvent:
    """One run, in this process or, where it imports much, in one of its own."""
    pipeline = Pipeline.model_validate_json(Path(request.pipeline).read_text(encoding="utf-8"))
    wanted = {d.distribution for d in pipeline.definitions} & HEAVY.keys()
    if not wanted:
        return perform(pipeline, request, emit)
    answer = Path(request.workdir, "done.json")

    def work() -> None:
        for distribution in wanted:
            load(HEAVY[distribution])
        answer.write_text(perform(pipeline, request, emit).model_dump_json(), encoding="utf-8")

    ended = containers.forked(work)
    if not answer.exists():
        return DoneEvent(status="failed", error=ended.output, fault=True)
    return DoneEvent.model_validate_json(answer.read_text(encoding="utf-8"))


def load(modules: Iterable[str]) -> None:
    """Import what is installed of `modules`."""
    for module in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def perform(pipeline: Pipeline, request: RunRequest, emit: Emit) -> DoneEvent:
    """One run; the events come at its end."""
    names = lowered(pipeline, Site().image)
    workdir = Path(request.workdir)
    server = Server(workdir, surroundings(), order=lambda nodes: nodes[::-1])
    text = Path(request.bundle, request.main).read_text(encoding="utf-8")
    try:
        done = server.run(text, arguments(pipeline, request.params))
    except Refused as error:
        return DoneEvent(status="failed", error=f"refused: {error}", fault=True)
    for task, index, count in done.loops:
        if task in names.loops:
            emit(LoopEvent(loop=names.loops[task], index=index, count=count))
    for step in done.steps:
        if step.task in names.tasks:
            # a step in a `try` ends well, and hands out the message
            status = "failed" if step.outputs.get("error", "null") != "null" else step.status
            emit(StepEvent(task=names.tasks[step.task], index=step.index, status=status, attempts=step.attempts))
    for phase in sorted(done.phases.items()):
        emit(LogEvent(text=": ".join(phase)))
    if done.status == "failed":
        return DoneEvent(status="failed", error="\n".join(done.errors))
    return _save(done, server, pipeline, request)


def arguments(pipeline: Pipeline, params: str) -> dict[str, str]:
    """The arguments in the text form that the pipeline takes."""
    given: Any = value_of(params)
    pack = runtime()["kfp_text"]
    return {
        p.name: given[p.name] if is_raw(p) and isinstance(given[p.name], str) else pack(given[p.name], p.name)
        for p in pipeline.parameters
        if p.name in given
    }


def _save(done: Run, server: Server, pipeline: Pipeline, request: RunRequest) -> DoneEvent:
    """Load the result in a process of its own, as a further task would, with the user's classes at hand."""
    root = Path(request.workdir, "result")
    value = done.outputs.get("Output")
    for artifact in value if isinstance(value, list) and "Output" in done.outputs else ():
        if not isinstance(artifact, str):
            server.objects.download(artifact.uri, Path(f"{root}{local_path(artifact.uri)}"))

    def work() -> None:
        root.mkdir(parents=True, exist_ok=True)
        os.chdir(root)
        scope: dict[str, Any] = {}
        for name in FILES:
            text = (RUNTIME / name).read_text(encoding="utf-8")
            exec(text.replace(containers.ROOTED, f"return {str(root)!r} + '/' + uri"), scope)
        _classes(pipeline, [str(Path(request.source_file).parent), request.source_root])
        results.save(_loaded(value, scope), request.result)

    ended = containers.forked(work)
    failed = ended.status != 0
    return DoneEvent(status="failed" if failed else "succeeded", error=ended.output if failed else None, fault=failed)


def _loaded(value: Any, scope: dict[str, Any]) -> Any:
    match value:
        case [only] if not isinstance(only, str):
            return scope["kfp_open"](scope["kfp_find"](only.uri))
        case list():
            return [_loaded(v if isinstance(v, str) else [v], scope) for v in value]
        case str():
            return scope["kfp_parse"](value)
    return value


def _classes(pipeline: Pipeline, roots: list[str]) -> None:
    """Let pickles of the tasks, whose classes and functions live in `__main__`, find those of the user's modules."""
    main = sys.modules["__main__"]
    sys.path[:0] = roots
    for definition in pipeline.definitions:
        if definition.kind == "import":
            continue
        try:
            module = importlib.import_module(definition.module)
        except Exception:  # a result without that class can be read all the same
            continue
        for name, original in zip(definition.names, definition.original_names or definition.names):
            found = getattr(module, original, None)
            if not hasattr(main, name) and isinstance(found, (type, types.FunctionType)):
                setattr(main, name, found)


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # threads do not survive a fork
    load(LIBRARIES)
    serve(run)
