"""One run of a pipeline module as it is, with each step call observed."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
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


def execute(request: RunRequest, emit: Emit) -> DoneEvent:
    """Run the pipeline in this process."""
    pipeline = Pipeline.model_validate_json(Path(request.pipeline).read_bytes())
    params = value_of(request.params)
    assert isinstance(params, dict)
    workdir = Path(request.workdir)
    for name in ("body", "tmp"):
        (workdir / name).mkdir()
    os.chdir(workdir / "body")
    os.environ["TMPDIR"] = str(workdir / "tmp")  # what steps leave there goes with the run
    tempfile.tempdir = None
    instrument = Instrument(pipeline, Path(request.source_root))
    observer = Observer(pipeline, instrument, workdir, emit, Path(request.cache) if request.cache else None)
    sys.stdout = StepOutput(emit, observer, sys.stdout)
    sys.stderr = StepOutput(emit, observer, sys.stderr)
    keep_project_clean(Path(request.source_root))
    try:
        module = load_module(Path(request.source_file), Path(request.source_root), request.paths)
        function = instrument.instrumented(getattr(module, pipeline.function), observer)
        result = function(**params)
        save(result, request.result)
    except (Exception, SystemExit) as error:
        return DoneEvent(status="failed", error=observer.error(error))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return DoneEvent(status="succeeded")


def module_name(file: Path, root: Path) -> tuple[str, Path]:
    """Dotted name of the module in `file`, and the folder that it is imported from."""
    folder, parts = file.parent, [] if file.stem == "__init__" else [file.stem]
    while (folder / "__init__.py").exists() and folder != root:
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts), folder


def import_path(file: Path, root: Path, paths: tuple[str, ...]) -> list[str]:
    """What the project's modules are imported from."""
    return list(dict.fromkeys([str(module_name(file, root)[1]), str(root), *paths]))


def load_module(file: Path, root: Path, paths: tuple[str, ...]) -> ModuleType:
    """The module in `file` under its real dotted name, with the project on the import path."""
    sys.path[:0] = import_path(file, root, paths)
    name, _ = module_name(file, root)
    if "." in name:
        importlib.import_module(name.rpartition(".")[0])
    if (loaded := sys.modules.get(name)) is not None and getattr(loaded, "__file__", None) == str(file):
        return loaded  # its own package has imported it
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # also where something that is loaded already has the same name
    spec.loader.exec_module(module)
    return module


def keep_project_clean(root: Path) -> None:
    """Importing the user's modules leaves no `__pycache__` behind in the project."""
    loader = importlib.machinery.SourceFileLoader
    original = loader.set_data

    def set_data(self: Any, path: str, data: Any, **options: Any) -> None:
        if root not in Path(path).parents or "site-packages" in path:
            original(self, path, data, **options)

    loader.set_data = set_data  # type: ignore[method-assign]
