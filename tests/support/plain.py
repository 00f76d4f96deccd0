"""Run a module as bare Python, as its author would without pipec: the oracle behind the reference, and behind readers.

One process imports what most modules import and forks for every run, so that a run costs milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.support.discovery import ROOT, Run

SERVER = """
import collections, functools, importlib, json, os, sys, tempfile, traceback, types
import numpy, pandas
from pipec.compiler.backend.results import as_json, with_files

def counting(function, name, counts):
    @functools.wraps(function)
    def call(*args, **kwargs):
        counts[name] += 1
        return function(*args, **kwargs)
    call.observed = True
    return call

def observed(folder, names, counts):
    own = [m for m in list(sys.modules.values()) if str(getattr(m, "__file__", None)).startswith(folder)]
    for module in own:
        for name in names:
            function = vars(module).get(name)
            if isinstance(function, types.FunctionType) and not hasattr(function, "observed"):
                call = counting(function, name, counts)
                for other in own:
                    for known, value in list(vars(other).items()):
                        if value is function:
                            setattr(other, known, call)

def run(request):
    sys.path.insert(0, request["folder"])
    os.chdir(request["workdir"])
    tempfile.tempdir = os.environ["TMPDIR"] = request["temporary"]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    counts = collections.Counter()
    answer = {"status": "broken", "result": None, "error": ""}
    try:
        module = importlib.import_module(request["module"])
        observed(request["folder"], request["steps"], counts)
        answer["status"] = "failed"
        answer["result"] = as_json(with_files(getattr(module, request["function"])(**request["params"])))
        answer["status"] = "succeeded"
    except BaseException:
        answer["error"] = traceback.format_exc()
    return answer | {"calls": dict(sorted(counts.items()))}

for line in sys.stdin:
    request = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(write, "w") as out:
            json.dump(run(request), out)
            out.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    gone = {"status": "failed", "result": None, "error": "the process has gone", "calls": {}}
    print(text or json.dumps(gone), flush=True)
"""


class PlainPython:
    """Bare runs, one after another."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def run(
        self, run: Run, file: Path | None = None, function: str = "", steps: Collection[str] = ()
    ) -> dict[str, Any]:
        """`status`, `result` as JSON, the traceback as `error`, the `calls` of `steps`, and the `folder` that it had.

        Of the module of the case, or of another `file` and `function` with the same parameters; "broken" is the status
        of a module that cannot be imported.
        """
        file = file or run.case.file
        with tempfile.TemporaryDirectory() as folder:
            workdir, own, temporary = (Path(folder, name) for name in ("work", "own", "tmp"))
            for place in (workdir, own, temporary):
                place.mkdir()
            request = {
                "folder": str(file.parent),
                "module": file.stem,
                "function": function or run.case.function,
                "steps": sorted(steps),
                "params": run.parameters(own),
                "workdir": str(workdir),
                "temporary": str(temporary),
            }
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline()) | {"folder": folder}

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()
