"""The result of a run, loaded: in a process of its own, so that the user's classes leave nothing behind."""

from __future__ import annotations

import ast
import os
import sys
import tempfile
import traceback
import types
from pathlib import Path
from typing import Any

from pipec.backends.metaflow.lower import Lowered
from pipec.backends.metaflow.store import Store, TaskRecord
from pipec.compiler.backend import results
from pipec.compiler.backend.protocol import RunRequest
from pipec.ir import FileType, Pipeline, leaves
from pipec.ir.graph import tasks


def save_result(store: Store, end: TaskRecord, lowered: Lowered, pipeline: Pipeline, request: RunRequest) -> str:
    """Write the result for `pipec.api`; the traceback where that fails."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        problem = ""
        try:
            _save(store, end, lowered, pipeline, request)
        except BaseException:
            problem = traceback.format_exc()
        with os.fdopen(write, "w", encoding="utf-8") as answer:
            answer.write(problem)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def _save(store: Store, end: TaskRecord, lowered: Lowered, pipeline: Pipeline, request: RunRequest) -> None:
    sys.modules["__main__"] = definitions(Path(request.bundle, request.main), lowered.flow.name)
    value = None if lowered.result is None else store.artifact(end, lowered.result)
    if any(isinstance(leaf, FileType) for t in tasks(pipeline) for o in t.outputs for leaf in leaves(o.type)):
        value = unpacked(value, Path(tempfile.mkdtemp(dir=request.workdir)))
    results.save(value, request.result)


def definitions(file: Path, flow: str) -> types.ModuleType:
    """The flow file without its flow: the classes whose instances were stored as those of `__main__`."""
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    tree.body = [
        n for n in tree.body if not (isinstance(n, ast.ClassDef) and n.name == flow) and not isinstance(n, ast.If)
    ]
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(compile(tree, str(file), "exec"), module.__dict__)  # noqa: S102  # a file that pipec has written and just run
    return module


def unpacked(value: Any, folder: Path) -> Any:
    """`value` with the files in it on disk."""
    if isinstance(value, dict) and set(value) == {"name", "folder", "content"}:
        import io
        import tarfile

        own = Path(tempfile.mkdtemp(dir=folder))
        if value["folder"]:
            with tarfile.open(fileobj=io.BytesIO(value["content"])) as archive:
                archive.extractall(own, filter="data")
        else:
            (own / value["name"]).write_bytes(value["content"])
        return own / value["name"]
    if type(value) in (list, tuple):
        return type(value)(unpacked(v, folder) for v in value)
    if type(value) is dict:
        return {k: unpacked(v, folder) for k, v in value.items()}
    return value
