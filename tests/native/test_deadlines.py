"""`deadline`: a step that takes long says so and goes on, whatever becomes of the message; on each target's own runner."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipec import api
from pipec.compiler.diagnostics import Finding
from tests.native.test_airflow_containers import TOOL, programs
from tests.native.test_metaflow import execute
from tests.support import environments
from tests.support.pipelinespec.server import Server, surroundings

SOURCE = """import os
import time
from pathlib import Path

from pipec import Deadline, pipeline, step


def page(message: str) -> None:
    with open(os.environ["MESSAGES"], "a", encoding="utf-8") as file:
        file.write(f"{message}\\n")


def unreachable(message: str) -> None:
    raise ConnectionError("nobody answers")


@step(deadline=Deadline("300ms", tell=page))
def late(n: int) -> int:
    time.sleep(1)
    return n


@step(deadline=Deadline("60s", tell=page))
def quick(n: int) -> int:
    return n


@step(deadline=Deadline("300ms", tell=unreachable))
def unheard(n: int) -> int:
    time.sleep(1)
    return n


@step(deadline="300ms")
def logged(n: int) -> int:
    time.sleep(1)
    return n


@step(deadline=Deadline("300ms", tell=page), retries=1)
def again(n: int) -> int:
    mark = Path(os.environ["MESSAGES"] + ".again")
    time.sleep(1)
    if not mark.exists():
        mark.touch()
        raise RuntimeError("the first attempt")
    return n


@step(deadline=Deadline("300ms", tell=page), targets={"airflow": {"isolation": "virtualenv"}})
def apart(n: int) -> int:
    time.sleep(1)
    return n


@pipeline
def watched_steps(n: int = 2) -> list[int]:
    return [late(n), quick(n), unheard(n), logged(n), again(n), apart(n)]
"""
TOLD = {"late": 1, "again": 2, "apart": 1}
"""Step -> how often somebody is told."""
MESSAGE = re.compile(r"(?:step |watched_steps\.)(\w+) is still running after 0:00:00\.300000 \((?:run|pod|\w+/).*\)")
DAG = """
import json, sys
from datetime import timedelta
from airflow.utils.db import initdb
initdb()
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
(dag,) = DagBag(sys.argv[1]).dags.values()
vars(sys.modules[dag.tasks[0].python_callable.__module__])["virtualenv"] = lambda *_: sys.executable
for task in dag.tasks:
    task.retry_delay = timedelta(0)
run = dag.test()
print("STATE", str(run.state).rpartition(".")[2].lower())
"""


def built(folder: Path, target: str, source: str = SOURCE, version: str = "") -> tuple[dict[str, str], list[Finding]]:
    """The files, none where the pipeline is refused, and the findings."""
    (folder / "pipeline.py").write_text(source, encoding="utf-8")
    workspace = api.Workspace(versions={target: version} if version else {})
    made = api.build([str(folder / "pipeline.py")], [target], workspace)
    findings = [shown.finding for shown in workspace.shown()]
    return (dict(made[0].bundle.files) if made else {}), findings


def told(messages: Path) -> dict[str, int]:
    """How often each step was told of."""
    found = [MESSAGE.fullmatch(line) for line in messages.read_text(encoding="utf-8").splitlines()]
    return dict(Counter(match[1] if match else "?" for match in found))


@pytest.mark.orchestrator
@pytest.mark.xdist_group("airflow-deadlines")
@pytest.mark.parametrize("version", ["3.3", "2.11"])
def test_airflow(tmp_path: Path, version: str) -> None:
    """In both of its major versions; also of a step that runs in an environment of its own."""
    files, findings = built(tmp_path, "airflow", version=version)
    assert not [f for f in findings if f.severity != "info"]
    dags = tmp_path / "dags"
    dags.mkdir()
    for name, text in files.items():
        (dags / name).write_text(text, encoding="utf-8")
    python = sys.executable if version != "2.11" else environments.python("airflow-2.11")
    messages = tmp_path / "messages"
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "MESSAGES": str(messages),
    }  # fmt: skip
    command = [python, "-c", DAG, str(dags / "watched_steps.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert "STATE success" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
    assert told(messages) == TOLD
    said = done.stdout + done.stderr
    assert "watched_steps.logged is still running" in said and "nobody answers" in said
    assert "watched_steps.quick is still running" not in said


PLACED = """import os
import time

from pipec import Deadline, pipeline, step


def page(message: str) -> None:
    with open(os.environ["MESSAGES"], "a", encoding="utf-8") as file:
        file.write(f"{message}\\n")


@step(deadline=Deadline("300ms", tell=page), targets={"airflow": {"isolation": "pod"}})
def late(n: int) -> int:
    time.sleep(1)
    return n


@step(deadline=Deadline("300s", tell=page), targets={"airflow": {"isolation": "pod"}})
def quick(n: int) -> int:
    return n


@pipeline
def watched_steps(n: int = 2) -> list[int]:
    return [late(n), quick(n)]
"""


@pytest.mark.orchestrator
@pytest.mark.xdist_group("airflow-pods")
def test_airflow_watches_pods(tmp_path: Path) -> None:
    """From the worker, which waits for the pod."""
    files, _ = built(tmp_path, "airflow", PLACED)
    home, dags = tmp_path / "home", tmp_path / "dags"
    for folder in (home, dags):
        folder.mkdir()
    for name, text in files.items():
        (dags / name).write_text(text, encoding="utf-8")
    environment = {
        "PATH": f"{programs(tmp_path)}:{os.environ['PATH']}", "HOME": str(home), "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }  # fmt: skip
    command = [environments.python("airflow-pods"), str(TOOL), str(dags / "watched_steps.py"), "{}"]
    (found,) = environments.answer(command, home, environment)
    assert (found["errors"], found["state"]) == ([], "success")
    (message,) = found["messages"]
    assert MESSAGE.fullmatch(message.strip())


def test_kubeflow(tmp_path: Path) -> None:
    """In the programs of the steps, as a server starts them."""
    pytest.importorskip("celpy")
    files, _ = built(tmp_path, "kfp")
    messages = tmp_path / "messages"
    run = Server(tmp_path, surroundings(MESSAGES=str(messages))).run(files["watched_steps.yaml"], {})
    assert run.status == "succeeded", run.errors
    assert told(messages) == TOLD


@pytest.mark.orchestrator
@pytest.mark.parametrize("remote", [True, False])
def test_metaflow(tmp_path: Path, remote: bool) -> None:
    """Of a run with a local datastore the log alone tells."""
    files, _ = built(tmp_path, "metaflow")
    (flow,) = files.values()
    if remote:  # the run itself stays here
        flow = flow.replace('DEFAULT_DATASTORE != "local"', '"remote" != "local"')
    messages = tmp_path / "messages"
    messages.touch()
    done = execute(flow, tmp_path, "run", MESSAGES=str(messages))
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert told(messages) == (TOLD if remote else {})
    assert "step logged is still running" in said and "step quick is still running" not in said
    assert ("nobody answers" in said) is remote


def test_nobody_is_told_of_a_run_here(tmp_path: Path) -> None:
    """`pipec run` builds steps that write into their logs, and call nobody."""
    from pipec.compiler import passes

    (tmp_path / "pipeline.py").write_text(SOURCE, encoding="utf-8")
    found = api.read_one(str(tmp_path / "pipeline.py"), api.Workspace())
    assert found is not None
    silent = passes.quiet(found[1])
    assert {c.function for c in found[1].components} - {c.function for c in silent.components} == {
        "page",
        "unreachable",
    }
    deadlines = [policy["deadline"] for policy in policies(silent.model_dump())]
    assert [d["after"] for d in deadlines] == [0.3, 60.0, 0.3, 0.3, 0.3, 0.3] and {d["tell"] for d in deadlines} == {
        None
    }


def policies(tree: object) -> list[dict[str, dict[str, object]]]:
    """The settings of all tasks."""
    match tree:
        case {"policy": {"deadline": dict()} as policy}:
            return [policy]
        case dict():
            return [found for inner in tree.values() for found in policies(inner)]
        case list() | tuple():
            return [found for inner in tree for found in policies(inner)]
    return []


CONTAINED = """from pipec import container, pipeline

train = container("image:1", ["train"], deadline="2h")


@pipeline
def contained() -> None:
    train()
"""


@pytest.mark.parametrize("target", ["kfp", "airflow"])
def test_containers(tmp_path: Path, target: str) -> None:
    """Nothing of pipec's runs beside a program of somebody else's, so that nobody could see the time pass."""
    files, findings = built(tmp_path, target, CONTAINED)
    (refused,) = [f for f in findings if f.severity == "error"]
    assert not files and (refused.code, refused.span.line) == ("PC401", 3) and "age of its pod" in (refused.help or "")


NATIVE = """from pipec import native, pipeline

train = native("kfp", "dsl.ContainerSpec(image='image:1', command=['train'])", imports=["from kfp import dsl"], deadline="2h")


@pipeline
def contained() -> None:
    train()
"""


def test_native_containers(tmp_path: Path) -> None:
    files, findings = built(tmp_path, "kfp", NATIVE)
    (refused,) = [f for f in findings if f.severity == "error"]
    assert not files and refused.code == "PC408" and "`deadline`" in refused.message


HIDDEN = """from pipec import Deadline, pipeline, step


def page(message: str) -> None:
    print(message)


@step(deadline=Deadline("2h", tell=page))
def train(page: int) -> int:
    return page


@pipeline
def hidden(page: int = 1) -> int:
    return train(page + 1)
"""


def test_no_variable_hides_the_function(tmp_path: Path) -> None:
    """The programs of Kubeflow load arguments into variables beside the call."""
    files, _ = built(tmp_path, "kfp", HIDDEN)
    text = files["hidden.yaml"]
    assert 'page_ = kfp_value(task, "page")' in text and "= train(page_ + 1)" in text
    assert 'with kfp_watched("train", 7200, page):' in text


HOOKED = """from pipec import pipeline, step


@step(targets={"airflow": {"isolation": "pod"}})
def train(page: int) -> int:
    return page


def notify(message: str) -> None:
    print(message)


@pipeline
def hooked(page: int = 1) -> int:
    return train(page)
"""


def test_a_function_that_stands_below_the_step(tmp_path: Path) -> None:
    """As the project's configuration can name one; a decorator of a DAG file must not look for it at once."""
    (tmp_path / "pipeline.py").write_text(HOOKED, encoding="utf-8")
    settings = '[tool.pipec.steps.train]\ndeadline = { after = "1h", tell = "notify" }\n'
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    (made,) = api.build([str(tmp_path / "pipeline.py")], ["airflow"], api.Workspace())
    text = made.bundle.files["hooked.py"]
    assert "@watched(timedelta(hours=1), lambda message: notify(message))\n@contained\ndef train(page):" in text
    ast.parse(text)
