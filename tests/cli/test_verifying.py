"""What verification compares: results across modules, calls, attempts, and of failed runs only what is certain."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipec import api
from pipec.api.outcome import Outcome, Trace
from pipec.api.verifying import differences
from pipec.compiler.backend.protocol import LoopEvent, StepEvent
from pipec.ir import Pipeline
from tests.support.discovery import ROOT

SOURCE = """
from dataclasses import dataclass
from pipec import pipeline, step

@dataclass
class Box:
    items: list

class Secretive:
    def __init__(self, x):
        self.x = x

@step
def load(n: int) -> list[int]:
    return list(range(n))

@step
def other(n: int) -> int:
    return n

@step
def work(n: int) -> int:
    return n

@step
def more(n: int) -> int:
    return n

@step
def pack(ns: list[int]) -> Box:
    return Box([Secretive(n) for n in ns])

@pipeline
def p(n: int = 3) -> list:
    aside = other(n)
    out = []
    for i in load(n):
        out.append(more(work(i)))
    return [pack(out), aside]
"""

Made = tuple[api.Selected, Pipeline]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """The pipeline, read from a file of its own project."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "boxes.py").write_text(SOURCE)
    found = api.read_one(str(tmp_path / "boxes.py"), api.Workspace())
    assert found is not None
    return found


def outcome(pipeline: Pipeline, target: str, status: str = "succeeded", **changed: str) -> Outcome:
    """A run in which all went well but for `changed`: call -> status."""
    trace = Trace(pipeline)
    trace.add(LoopEvent(loop="for_i", count=3))
    calls: dict[str, tuple[str, tuple[int, ...]]] = {"load": ("load", ()), "other": ("other", ()), "pack": ("pack", ())}
    for i in range(3):
        calls |= {f"work{i}": ("work", (i,)), f"more{i}": ("more", (i,))}
    for name, (task, index) in calls.items():
        state: Any = changed.get(name, "succeeded")
        state, _, attempts = state.partition(":")
        trace.add(StepEvent(task=task, index=index, status=state, attempts=int(attempts or state != "skipped")))
    return Outcome(
        target, pipeline.name, status, None, trace.entries(), "ValueError: x" if status == "failed" else None
    )


def told(made: Made, tmp_path: Path, ours: Outcome, theirs: Outcome) -> list[tuple[str, str]]:
    """Kind and place of what differs; both results are the same."""
    result = tmp_path / "result.json"
    result.write_text(json.dumps({"json": 1, "pickle": ""}))
    done = {"python": (ours, result), "kfp": (theirs, result)}
    return [(d.kind, d.where) for d in differences(*made, done)]


def test_calls_and_attempts(made: Made, tmp_path: Path) -> None:
    ours = outcome(made[1], "python")
    assert [e.label for e in ours.steps] == [
        "other", "load", "work[0]", "more[0]", "work[1]", "more[1]", "work[2]", "more[2]", "pack",
    ]  # fmt: skip
    assert told(made, tmp_path, ours, outcome(made[1], "kfp")) == []
    assert told(made, tmp_path, ours, outcome(made[1], "kfp", work1="skipped")) == [("step", "work[1]")]
    assert told(made, tmp_path, ours, outcome(made[1], "kfp", work1="succeeded:2")) == [("step", "work[1]")]
    assert told(made, tmp_path, ours, outcome(made[1], "kfp", load="cached")) == []
    assert told(made, tmp_path, ours, outcome(made[1], "kfp", "failed", pack="failed")) == [("status", "")]


def test_a_call_that_plain_python_never_makes(made: Made, tmp_path: Path) -> None:
    ours = outcome(made[1], "python", work2="skipped", more2="skipped")
    ours = Outcome(**{**vars(ours), "steps": tuple(e for e in ours.steps if e.index != (2,))})
    assert told(made, tmp_path, ours, outcome(made[1], "kfp")) == [("step", "work[2]"), ("step", "more[2]")]
    assert told(made, tmp_path, outcome(made[1], "python"), ours) == [("step", "work[2]"), ("step", "more[2]")]


def test_of_a_failed_run_only_what_is_certain(made: Made, tmp_path: Path) -> None:
    """`work[1]` fails: `load` has run, `more[1]` and `pack` have not; the rest may be either way."""
    skipped = {"more1": "skipped", "pack": "skipped"}
    ours = outcome(made[1], "python", "failed", work1="failed", work2="skipped", more2="skipped", **skipped)
    theirs = outcome(
        made[1], "kfp", "failed", work1="failed", other="skipped", work0="skipped", more0="skipped", **skipped
    )
    assert told(made, tmp_path, ours, theirs) == []
    for change in ({"load": "skipped"}, {"more1": "succeeded"}, {"pack": "succeeded"}, {"work1": "failed:2"}):
        other = outcome(made[1], "kfp", "failed", **{"work1": "failed", **skipped, **change})
        assert len(told(made, tmp_path, ours, other)) == 1, change


def test_another_iteration_may_fail_first(made: Made, tmp_path: Path) -> None:
    """`work[1]` and `work[2]` fail: plain Python gets to the first, a target may start with the second and stop there."""
    skipped = {"more1": "skipped", "more2": "skipped", "pack": "skipped"}
    ours = outcome(made[1], "python", "failed", work1="failed", work2="skipped", **skipped)
    first = {"work0": "skipped", "more0": "skipped", "work1": "skipped", "work2": "failed", **skipped}
    assert told(made, tmp_path, ours, outcome(made[1], "kfp", "failed", **first)) == []
    for change in ({"more1": "succeeded"}, {"pack": "succeeded"}, {"load": "succeeded:2"}):
        assert len(told(made, tmp_path, ours, outcome(made[1], "kfp", "failed", **first | change))) == 1, change
    elsewhere = outcome(made[1], "kfp", "failed", **{**first, "work2": "skipped", "other": "failed"})
    assert ("step", "work[1]") in told(made, tmp_path, ours, elsewhere), "another step's failure is another failure"


def saved(folder: Path, module: str, source: str, expression: str) -> Path:
    """A result as a runner saves it whose classes live in `module`, which is gone afterwards."""
    where = folder / f"{module}_run"
    where.mkdir()
    file = where / "result.json"
    tail = f"\nfrom pipec.compiler.backend.results import save\nsave({expression}, {str(file)!r})\n"
    if module == "__main__":
        (where / "flow.py").write_text(source + tail)
        command = [sys.executable, "flow.py"]
    else:
        (where / f"{module}.py").write_text(source)
        (where / "flow.py").write_text(f"from {module} import *\n" + tail)
        command = [sys.executable, "flow.py"]
    subprocess.run(command, cwd=where, check=True, env={"PYTHONPATH": str(ROOT)})
    for source_file in where.glob("*.py"):
        source_file.unlink()
    return file


def test_classes_of_generated_code_are_the_users_own(made: Made, tmp_path: Path) -> None:
    _, pipeline = made
    ours = saved(tmp_path, "boxes", SOURCE, "[Box([Secretive(1), Secretive(2)]), Secretive]")
    files = {
        "kfp": saved(tmp_path, "__main__", SOURCE, "[Box([Secretive(1), Secretive(2)]), Secretive]"),
        "airflow": saved(tmp_path, "generated_dag", SOURCE, "[Box([Secretive(1), Secretive(3)]), Secretive]"),
        "metaflow": saved(tmp_path, "other_flow", SOURCE, "[Box((1, 2)), Secretive]"),
    }
    run = outcome(pipeline, "python")
    done = {"python": (run, ours)} | {t: (Outcome(**{**vars(run), "target": t}), f) for t, f in files.items()}
    found = [(d.target, d.kind, d.where, d.expected, d.actual) for d in differences(*made, done)]
    assert [f[:3] for f in found] == [("airflow", "result", "[0].items[1].x"), ("metaflow", "result", "[0].items")]
    assert found[0][3:] == ("2", "3") and "list" in found[1][3] and "tuple" in found[1][4]


def test_a_result_that_cannot_be_loaded_is_a_difference(made: Made, tmp_path: Path) -> None:
    ours = saved(tmp_path, "boxes", SOURCE, "Box([])")
    theirs = saved(tmp_path, "nowhere", "class Unknown:\n    pass\n", "Unknown()")
    run = outcome(made[1], "python")
    (found,) = differences(*made, {"python": (run, ours), "kfp": (Outcome(**{**vars(run), "target": "kfp"}), theirs)})
    assert found.kind == "result" and "ModuleNotFoundError" in found.actual
    assert set(found.as_json()) == {"target", "kind", "where", "expected", "actual", "message"}
