"""Runs a built pipeline on kfp.local: `python -m pipec.backends.kfp.runner`, see `pipec.compiler.backend.worker`."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import traceback
import types
import uuid
import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from kfp import components, dsl, local
from kfp.local import pipeline_orchestrator

from pipec.backends.kfp import hooks
from pipec.backends.kfp.build import lowered
from pipec.backends.kfp.containers import GRACE
from pipec.backends.kfp.lower import is_raw
from pipec.backends.kfp.of_run import kept
from pipec.backends.kfp.program import runtime
from pipec.backends.kfp.scope import RUN_CREATED, RUN_ID, RUN_NAME
from pipec.compiler.backend import results
from pipec.compiler.backend.protocol import DoneEvent, Event, RunRequest
from pipec.compiler.backend.worker import Emit, serve
from pipec.compiler.passes.soften import soften
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from pipec.ir.graph import tasks
from pipec.ir.literals import value_of

NO_EFFECT = ".*have no effect in the current local runner"
OTHER_IMAGE = "You may be attemping to run a task that uses custom"


def run(request: RunRequest, emit: Emit) -> DoneEvent:
    """One run; the events tell how it goes."""
    pipeline = Pipeline.model_validate_json(Path(request.pipeline).read_text(encoding="utf-8"))
    workdir = Path(request.workdir)
    names = lowered(pipeline, Site(versions=request.versions).image)
    lock = threading.Lock()

    def told(event: Event) -> None:
        with lock:  # iterations run in threads
            emit(event)

    watched = hooks.Run(
        emit=told,
        workdir=_folder(workdir / "start"),
        tasks=names.tasks,
        loops=names.loops,
        told=names.told,
        timeouts={
            t.id: t.policy.timeout + (GRACE if t.caught is not None else 0)
            for t in tasks(soften(pipeline))
            if t.policy.timeout is not None
        },
        environment=_environment(workdir),
        placeholders={
            RUN_ID: (run_id := str(uuid.uuid4())),
            RUN_NAME: f"{pipeline.name}-{run_id[:5]}",
            RUN_CREATED: datetime.now(timezone.utc).isoformat(timespec="seconds"),
        },
    )
    store = Path(request.cache, "kfp") if request.cache else workdir / "store"
    compiled = components.load_component_from_file(str(Path(request.bundle, request.main)))
    with hooks.watching(watched), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=NO_EFFECT)
        warnings.filterwarnings("ignore", message=OTHER_IMAGE)
        local.init(
            runner=local.SubprocessRunner(use_venv=False),
            pipeline_root=str(_folder(store)),
            workspace_root=str(_folder(workdir / "workspace")),
            enable_caching=bool(request.cache),
        )
        try:
            outputs = pipeline_orchestrator.run_local_pipeline(
                compiled.pipeline_spec, _arguments(pipeline, request.params)
            )
        except Exception as error:  # whatever kfp.local raises is the answer
            return _failed(watched, error)
    with _classes(pipeline, [str(Path(request.source_file).parent), request.source_root]):
        results.save(_result(outputs), request.result)
    return DoneEvent(status="succeeded")


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _environment(workdir: Path) -> dict[str, str]:
    """The environment of steps: this interpreter as python3, and nothing of the user's home."""
    programs = _folder(workdir / "bin")
    if not (programs / "python3").exists():
        # a script, because a link would not find the packages of a virtual environment
        script = programs / "python3"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {
        **own,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(_folder(workdir / "home")),
        "TMPDIR": str(_folder(workdir / "tmp")),
    }


def _arguments(pipeline: Pipeline, params: str) -> dict[str, Any]:
    """The arguments in the form that the pipeline takes: as text, but for what settings alone read."""
    given: Any = value_of(params)
    pack = runtime()["kfp_text"]
    own = kept(pipeline)
    made = {name: given[name] for name in own if given.get(name) is not None}
    for parameter in pipeline.parameters:
        if parameter.name in given and parameter.name not in own:
            value = given[parameter.name]
            made[parameter.name] = (
                value if is_raw(parameter) and isinstance(value, str) else pack(value, parameter.name)
            )
    return made


def _result(outputs: dict[str, Any]) -> Any:
    value = outputs.get("Output")
    helpers = runtime()
    match value:
        case dsl.Artifact():
            return helpers["kfp_open"](helpers["kfp_find"](value.uri))
        case list():
            return [_result({"Output": item}) for item in value]
        case str():
            return helpers["kfp_parse"](value)
    return value


def _failed(watched: hooks.Run, error: Exception) -> DoneEvent:
    if not watched.failures:
        text = "".join(traceback.format_exception(error))
        return DoneEvent(status="failed", error="\n".join([*watched.warnings, text]), fault=True)
    task, output = watched.failures[0]
    start = output.find("Traceback (most recent call last)")
    words = hooks.COLOUR.sub("", str(error))
    step = watched.tasks.get(task, task)
    said = output[start:].rstrip() if start >= 0 else output[-4000:].rstrip()
    return DoneEvent(status="failed", error=f"{said}\n\nkfp.local: step {step}: {words}")


@contextlib.contextmanager
def _classes(pipeline: Pipeline, roots: list[str]) -> Iterator[None]:
    """Let pickles of the tasks, whose classes and functions live in `__main__`, find those of the user's modules."""
    main, known, path = sys.modules["__main__"], set(sys.modules), list(sys.path)
    added = []
    sys.path[:0] = roots
    try:
        for definition in pipeline.definitions:
            if definition.kind == "import":
                continue
            try:
                module = importlib.import_module(definition.module)
            except Exception:  # noqa: S112  # a result without that class can be read all the same
                continue
            for name, original in zip(definition.names, definition.original_names or definition.names):
                found = getattr(module, original, None)
                if not hasattr(main, name) and isinstance(found, (type, types.FunctionType)):
                    setattr(main, name, found)
                    added.append(name)
        yield
    finally:
        sys.path[:] = path
        for name in added:
            delattr(main, name)
        for name in {d.module for d in pipeline.definitions} - known:
            sys.modules.pop(name, None)


if __name__ == "__main__":
    hooks.install()
    serve(run)
