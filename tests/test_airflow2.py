"""Every sample and case written for Airflow 2.11, and run on it, in an environment of its own."""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipec import api
from pipec.api import parameters
from pipec.backends.airflow.compile import Compiled, compiled
from pipec.backends.airflow.pipeline import packed_value
from pipec.ir import Ref
from pipec.ir.graph import tasks
from tests.support import environments
from tests.support.discovery import ROOT, Case, Run, cases, samples
from tests.support.running import Ran, Runners, typed

VERSION = "2.11"
TOOL = ROOT / "tests" / "support" / "tools" / "run_airflow2.py"
SHOWN = ROOT / "pipec" / "compiler" / "backend" / "results.py"
STANDINS = ROOT / "pipec" / "backends" / "airflow" / "standins.py"
RUNS = [
    run for case in (*samples(), *cases()) if "airflow" in case.targets for run in case.runs if run.status != "refused"
]
FEW = (
    "artifact_kinds", "branch_if_else", "branch_in_fanout", "fanout_dynamic", "fanout_nested", "group_nested_in_branch",
    "outputs_tuple", "run_values", "settings_after", "settings_cache", "settings_hooks", "settings_isolation", "settings_pod", "settings_schedule", "try_except", "try_in_fanout", "value_uri",
    "value_containers", "wait_for_file",
)  # fmt: skip
"""Cases of everything that the two versions have in different places; `make test-all` runs all."""


def short(run: Run) -> bool:
    """Whether a run is always made."""
    return run.case.name in FEW and run.number == 0


@dataclass(frozen=True)
class Made:
    """What the DAG of a case is made of."""

    compiled: Compiled
    sites: dict[str, str]
    """Id of an IR task -> step."""


@functools.cache
def made(case: Case) -> Made:
    """The DAG of a case, as it was written."""
    found = api.read_one(f"{case.file}:{case.function}", api.Workspace())
    assert found is not None
    selected, _ = found
    lowered = next(p for p in selected.lowered() if p.name == found[1].name)
    one = compiled(lowered, selected.project.site.model_copy(update={"versions": {"airflow": VERSION}}))
    return Made(one, {task.id: task.site.step for task in tasks(one.pipeline)})


def build(run: Run, folder: Path) -> None:
    """Write the files of a case into `folder`."""
    workspace = api.Workspace(versions={"airflow": VERSION})
    built = api.build([f"{run.case.file}:{run.case.function}"], ["airflow"], workspace)
    assert built, [f"{s.finding.code} {s.finding.message}" for s in workspace.shown()]
    for one in built:
        for name, text in one.bundle.files.items():
            (folder / name).write_text(text, encoding="utf-8")


def request(run: Run, folder: Path) -> dict[str, Any]:
    """What the tool is asked for."""
    dags = folder / "dags" / run.id
    dags.mkdir(parents=True)
    build(run, dags)
    own = folder / "own" / run.id
    own.mkdir(parents=True)
    one = made(run.case).compiled
    given = parameters.check(one.pipeline, typed(one.pipeline, run.parameters(own)))
    params = {name: packed_value(value) for name, value in given.items()}
    file = dags / f"{one.pipeline.name}.py"
    return {"file": str(file), "params": params, "result": place(one), "folder": str(folder / "work" / run.id)}


def place(one: Compiled) -> list[str] | None:
    """Task, XCom key and loading function of the result; `None` where no task makes it."""
    expr = one.pipeline.result
    bound = one.lowering.env[expr.value] if isinstance(expr, Ref) else None
    if bound is None or bound.node is None:
        return None
    return [bound.node.id, bound.key or "return_value", one.loader]


def outcomes(runs: list[Run]) -> dict[str, dict[str, Any]]:
    """Run id -> what became of it, from one process for all."""
    python = environments.python("airflow-2.11")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        requests = [request(run, folder) for run in runs]
        home = folder / "home"
        home.mkdir()
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home), "TMPDIR": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        command = [python, str(TOOL), json.dumps(requests), str(SHOWN), str(STANDINS)]
        return dict(zip((run.id for run in runs), environments.answer(command, home, environment)))


@functools.cache
def batch(few: bool) -> dict[str, dict[str, Any]]:
    """All runs of a kind."""
    return outcomes([run for run in RUNS if short(run) == few])


def without_modules(result: Any) -> Any:
    """A result as it is shown, with classes by their own names: the DAG file is their module."""
    if isinstance(result, dict):
        own = {key: without_modules(value) for key, value in result.items()}
        return own | {"type": own["type"].rpartition(".")[2]} if set(own) == {"type", "repr"} else own
    return [without_modules(item) for item in result] if isinstance(result, list) else result


def wrong(run: Run, reference: Ran, found: dict[str, Any]) -> list[str]:
    """What Airflow 2 did otherwise than plain Python; after a failure the independent steps may or may not have run."""
    expected = reference.outcome
    if found["errors"]:
        return [*found["errors"]]
    state = "succeeded" if found["state"] == "success" else "failed"
    if state != expected.status:
        return [f"the run {state}, and not {expected.status}: {expected.error}"]
    if state == "failed":
        return []
    problems: list[str] = []
    if place(made(run.case).compiled) and without_modules(found["result"]) != without_modules(expected.result):
        problems.append(f"the result is {found['result']!r}, and not {expected.result!r}")
    if any(entry.status == "failed" for entry in expected.steps):  # what is independent of it may have run, or not
        return problems
    steps = {node.id: made(run.case).sites[task] for task, node in made(run.case).compiled.lowering.tasks.items()}
    executed = [(id_, tries) for id_, _, state, tries in found["tasks"] if state in ("success", "failed")]
    ran = Counter((steps[id_], tries) for id_, tries in executed if id_ in steps)
    known = Counter((entry.step, entry.attempts) for entry in expected.steps if entry.executed)
    if ran != known:
        problems.append(f"steps and attempts are {sorted(ran.items())}, and not {sorted(known.items())}")
    return problems


@pytest.mark.orchestrator
@pytest.mark.xdist_group("airflow-2.11")
@pytest.mark.parametrize(
    "run", [pytest.param(run, id=run.id, marks=[] if short(run) else [pytest.mark.slow]) for run in RUNS]
)
def test_cases(run: Run, runners: Runners) -> None:
    found = wrong(run, runners.reference(run), batch(short(run))[run.id])
    assert not found, "\n".join(found)
