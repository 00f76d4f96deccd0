"""One run of a pipeline module as it is, with each step call observed."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from pipec.backends.python.instrument import Instrument
from pipec.backends.python.observer import Observer
from pipec.backends.python.output import StepOutput
from pipec.compiler.backend.protocol import DoneEvent, RunRequest
from pipec.compiler.backend.results import save
from pipec.compiler.backend.worker import Emit
from pipec.ir import Pipeline
from pipec.ir.literals import value_of

_OWN = str(Path(__file__).resolve().parent)


def execute(request: RunRequest, emit: Emit) -> DoneEvent:
    """Run the pipeline in this process."""
    pipeline = Pipeline.model_validate_json(Path(request.pipeline).read_bytes())
    params = value_of(request.params)
    assert isinstance(params, dict)
    workdir = Path(request.workdir)
    (workdir / "body").mkdir()
    os.chdir(workdir / "body")
    instrument = Instrument(pipeline, Path(request.source_root))
    observer = Observer(pipeline, instrument, workdir, emit, Path(request.cache) if request.cache else None)
    sys.stdout = StepOutput(emit, observer, sys.stdout)
    sys.stderr = StepOutput(emit, observer, sys.stderr)
    _keep_project_clean(Path(request.source_root))
    try:
        module = load_module(Path(request.source_file), Path(request.source_root), request.paths)
        function = instrument.instrumented(getattr(module, pipeline.function), observer)
        result = function(**params)
        save(result, request.result)
    except (Exception, SystemExit) as error:
        return DoneEvent(status="failed", error=told(observer.reason or error))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return DoneEvent(status="succeeded")


def load_module(file: Path, root: Path, paths: tuple[str, ...]) -> ModuleType:
    """The module in `file` under its real dotted name, with the project on the import path."""
    folder, parts = file.parent, [] if file.stem == "__init__" else [file.stem]
    while (folder / "__init__.py").exists() and folder != root:
        parts.insert(0, folder.name)
        folder = folder.parent
    for path in reversed(dict.fromkeys([str(folder), str(root), *paths])):
        sys.path.insert(0, path)
    name = ".".join(parts)
    if len(parts) > 1:
        importlib.import_module(".".join(parts[:-1]))
    if (loaded := sys.modules.get(name)) is not None and getattr(loaded, "__file__", None) == str(file):
        return loaded  # its own package has imported it
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # also where something that is loaded already has the same name
    spec.loader.exec_module(module)
    return module


def _keep_project_clean(root: Path) -> None:
    """Importing the user's modules leaves no `__pycache__` behind in the project."""
    loader = importlib.machinery.SourceFileLoader
    original = loader.set_data

    def set_data(self: Any, path: str, data: Any, **options: Any) -> None:
        if root not in Path(path).parents or "site-packages" in path:
            original(self, path, data, **options)

    loader.set_data = set_data  # type: ignore[method-assign]


def told(error: BaseException) -> str:
    """The traceback of `error` without the frames that observed the step."""
    told = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    stack: list[traceback.TracebackException | None] = [told]
    while stack:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        frames = [f for f in one.stack if not f.filename.startswith((_OWN, "<frozen importlib"))]
        one.stack = traceback.StackSummary.from_list(frames)
        stack += [one.__cause__, one.__context__]
    return "".join(told.format()).rstrip("\n")
