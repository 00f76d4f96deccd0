"""Run a module as bare Python, as its author would without pipec: the oracle behind the reference.

One process imports what most modules import and forks for every run, so that a run costs milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.discovery import ROOT, Run

SERVER = """
import importlib, json, os, sys, tempfile, traceback
import numpy, pandas
from pipec.compiler.backend.results import as_json, with_files

def run(request):
    sys.path.insert(0, request["folder"])
    os.chdir(request["workdir"])
    tempfile.tempdir = os.environ["TMPDIR"] = request["temporary"]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    module = importlib.import_module("pipeline")
    result = getattr(module, request["function"])(**request["params"])
    return {"status": "succeeded", "result": as_json(with_files(result)), "error": ""}

for line in sys.stdin:
    request = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = run(request)
        except BaseException:
            answer = {"status": "failed", "result": None, "error": traceback.format_exc()}
        with os.fdopen(write, "w") as out:
            json.dump(answer, out)
            out.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    print(text or json.dumps({"status": "failed", "result": None, "error": "the process has gone"}), flush=True)
"""


class PlainPython:
    """Bare runs, one after another."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def run(self, run: Run) -> dict[str, Any]:
        """`status`, `result` as JSON, and the traceback."""
        with tempfile.TemporaryDirectory() as folder:
            workdir, own, temporary = (Path(folder, name) for name in ("work", "own", "tmp"))
            for place in (workdir, own, temporary):
                place.mkdir()
            request = {
                "folder": str(run.case.folder),
                "function": run.case.function,
                "params": run.parameters(own),
                "workdir": str(workdir),
                "temporary": str(temporary),
            }
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()
