"""Measures how many of the DAG files that pipec has written it reads back, and whether they still do the same.

    python -m tests.reading.airflow_own [CASE...]

Every built case and sample is read from its DAG file alone. What is read must be accepted by the frontend, and both
modules run as plain Python with the parameters of the case: same result, same calls of steps.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipec.backends.airflow.reading import own
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.reading import Source, render
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from pipec.ir.graph import tasks
from tests.support.discovery import ROOT, Case, Run, cases, samples

SERVER = """
import functools, importlib, json, os, sys, tempfile, traceback, types, warnings
import numpy, pandas
from pipec.compiler.backend.results import as_json, with_files

def watch(folder, steps, calls):
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        for name, value in list(vars(module).items()) if file.startswith(folder) else ():
            if isinstance(value, types.FunctionType) and value.__name__ in steps:
                def counted(*args, _f=value, **kwargs):
                    calls.append(_f.__name__)
                    return _f(*args, **kwargs)
                setattr(module, name, functools.wraps(value)(counted))

def run(request):
    warnings.simplefilter("ignore")
    sys.path.insert(0, request["folder"])
    os.chdir(request["workdir"])
    tempfile.tempdir = os.environ["TMPDIR"] = request["temporary"]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    module = importlib.import_module(request["module"])
    calls = []
    watch(request["folder"], request["steps"], calls)
    answer = {"status": "succeeded", "result": None, "error": "", "calls": calls}
    try:
        answer["result"] = as_json(with_files(getattr(module, request["function"])(**request["params"])))
    except BaseException as error:
        answer |= {"status": "failed", "error": traceback.format_exc()}
    return answer

for line in sys.stdin:
    request = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = run(request)
        except BaseException:
            answer = {"status": "broken", "result": None, "error": traceback.format_exc(), "calls": []}
        with os.fdopen(write, "w") as out:
            json.dump(answer, out)
            out.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    print(text or json.dumps({"status": "broken", "result": None, "error": "gone", "calls": []}), flush=True)
"""


@dataclass(frozen=True)
class Verdict:
    """What has become of one DAG file."""

    name: str
    status: str
    """"same", "refused" (by the reader), "frontend" (by the frontend), "different", "not run"."""
    why: str = ""
    text: str = ""


class Runner:
    """Runs modules as plain Python, one after another."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def run(self, folder: Path, module: str, function: str, steps: list[str], run: Run) -> dict[str, Any]:
        """Status, result as JSON, error, and calls of steps."""
        with tempfile.TemporaryDirectory() as made:
            request: dict[str, Any] = {"folder": str(folder), "module": module, "function": function, "steps": steps}
            for name in ("workdir", "own", "temporary"):
                (Path(made) / name).mkdir()
                request[name] = str(Path(made) / name)
            request["params"] = run.parameters(Path(request.pop("own")))
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


def built() -> Iterator[tuple[Case, Path]]:
    """Every case with the DAG file of its pipeline."""
    for case in (*samples(), *cases()):
        for file in sorted((case.folder / "built" / "airflow").glob("*.py")):
            if "with DAG(" in file.read_text(encoding="utf-8"):  # else it is what an isolated step runs
                yield case, file


def migrated(file: Path) -> tuple[str | None, Report, str]:
    """The text of the module, the report, and the pipeline's function."""
    report = Report()
    source = Source(file, file.name, file.read_text(encoding="utf-8"), file.parent)
    assert own.is_own(source), file
    outcome = own.read(source, report)
    if outcome.module is None:
        return None, report, ""
    return render(outcome.module), report, outcome.pipelines[0].function


def accepted(text: str, folder: Path) -> tuple[list[Pipeline], Report]:
    """What the frontend makes of a module."""
    file = folder / "migrated.py"
    file.write_text(text, encoding="utf-8")
    report = Report()
    return list(read(file, root=folder, site=Site(), report=report)), report


def steps_of(pipelines: list[Pipeline]) -> list[str]:
    """The functions of the steps."""
    return sorted({c.name for p in pipelines for c in p.components})


def judge(case: Case, file: Path, runner: Runner) -> Verdict:
    """Read one file and compare."""
    name = case.name if file.stem == case.name else f"{case.name}/{file.stem}"
    text, report, function = migrated(file)
    if text is None:
        return Verdict(name, "refused", "; ".join(f"{f.span.line}: {f.message}" for f in report))
    with tempfile.TemporaryDirectory() as folder:
        found, told = accepted(text, Path(folder))
        if not found or any(f.severity == "error" for f in told):
            why = "; ".join(f"{f.span.line}: {f.code} {f.message}" for f in told if f.severity == "error")
            return Verdict(name, "frontend", why, text)
        original = Report()
        known = list(read(case.file, root=case.folder, site=Site(), report=original))
        if not any(p.function == case.function for p in known) or file.stem != file.stem:
            known = known or list(
                read(case.file, root=case.folder, site=Site(), report=original, pipeline=case.function)
            )
        if function != case.function and len(list(file.parent.glob("*.py"))) > 1:
            return Verdict(name, "not run", "another pipeline of the same file", text)
        fused = any(task.policy.fuse for p in known for task in tasks(p))  # then a step of the DAG file calls several
        steps = steps_of(known if fused else found)
        for run in case.runs:
            if run.status == "refused" or run.plain == "differs":
                continue
            one = runner.run(case.folder, "pipeline", case.function, steps_of(known), run)
            two = runner.run(Path(folder), "migrated", function, steps, run)
            if why := difference(one, two):
                return Verdict(name, "different", f"{dict(run.params)}: {why}", text)
    return Verdict(name, "same", "", text)


def difference(one: dict[str, Any], two: dict[str, Any]) -> str:
    """In words; "" if there is none."""
    if one["status"] != two["status"]:
        return f"{one['status']} against {two['status']}: {(two['error'] or one['error'])[-300:]}"
    if shown(one["result"]) != shown(two["result"]):
        return f"result {one['result']!r} against {two['result']!r}"
    calls = Counter(one["calls"]), Counter(name.rpartition("_of_")[0] or name for name in two["calls"])
    if one["status"] == "succeeded" and len(one["calls"]) != len(two["calls"]):
        return f"calls {calls[0]} against {calls[1]}"
    return ""


def shown(result: object) -> str:
    """A result as text, without the modules that its types stand in."""
    return re.sub(r'"type": "[\w.]*\.(\w+)"', r'"type": "\1"', json.dumps(result, sort_keys=True))


def main(names: list[str]) -> None:
    """Measure, and print."""
    runner = Runner()
    verdicts = []
    for case, file in built():
        if names and case.name not in names:
            continue
        try:
            verdict = judge(case, file, runner)
        except Exception as error:  # a fault is a figure too
            if names:
                raise
            verdict = Verdict(case.name, "crash", repr(error))
        verdicts.append(verdict)
        if verdict.status != "same":
            print(f"{verdict.name}: {verdict.status}: {verdict.why[:400]}")
        if names:
            print(verdict.text)
    runner.close()
    print(dict(Counter(v.status for v in verdicts)), len(verdicts))


if __name__ == "__main__":
    main(sys.argv[1:])
