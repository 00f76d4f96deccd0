"""Steps in pods and in containers of Docker, by the providers' own code; they run as processes without Airflow."""

from __future__ import annotations

import base64
import functools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import fsspec
import pytest

from pipec import api
from pipec.compiler.diagnostics import Finding
from tests.support import environments
from tests.support.discovery import ROOT
from tests.support.kubernetes_schema import faults

pytestmark = [pytest.mark.orchestrator, pytest.mark.xdist_group("airflow-pods")]

TOOL = ROOT / "tests" / "support" / "tools" / "run_pods.py"
PIP = """
import os, sys

with open(os.environ["LOG"], "a") as log:
    print("pip", *sys.argv[1:], file=log)
"""
"""In place of pip: it installs nothing, and writes down what it is asked for."""
RUNS = {
    "pods": ("settings_pod", {}),
    "more pods": ("settings_pod", {"n": 4}),
    "docker": ("settings_docker", {}),
}
"""Case and parameters."""


def programs(folder: Path) -> Path:
    """A folder with what the images have: a plain Python under the names that it goes by, `fsspec`, and a pip."""
    library, found = folder / "library", folder / "bin"
    (library / "pip").mkdir(parents=True)
    found.mkdir()
    (library / "pip" / "__init__.py").touch()
    (library / "pip" / "__main__.py").write_text(PIP)
    (library / "fsspec").symlink_to(Path(fsspec.__file__).parent)
    plain = Path(sys.base_prefix) / "bin" / "python3"
    for name in ("python3", "python3.11"):
        (found / name).write_text(f'#!/bin/sh\nPYTHONPATH={library} exec {plain} "$@"\n')
        (found / name).chmod(0o755)
    return found


@functools.cache
def runs() -> dict[str, dict[str, Any]]:
    """What became of the runs of the committed DAGs, in one process for all."""
    python = environments.python("airflow-pods")
    with tempfile.TemporaryDirectory() as folder:
        home, dags = Path(folder, "home"), Path(folder, "dags")
        home.mkdir()
        for case in {case for case, _ in RUNS.values()}:
            shutil.copytree(ROOT / "tests" / "cases" / case / "built" / "airflow", dags / case)
        plain = programs(Path(folder))
        without = subprocess.run([str(plain / "python3"), "-c", "import airflow"], capture_output=True, text=True)
        assert "ModuleNotFoundError" in without.stderr
        environment = {
            "PATH": f"{plain}:{os.environ['PATH']}", "HOME": str(home), "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "ARTIFACT_ROOT": (home / "artifacts").as_uri(), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        wanted = [t for case, params in RUNS.values() for t in (str(dags / case / f"{case}.py"), json.dumps(params))]
        return dict(zip(RUNS, environments.answer([python, str(TOOL), *wanted], home, environment)))


def ran(name: str) -> dict[str, Any]:
    """What became of a run."""
    found = runs()[name]
    assert found["errors"] == []
    assert found["state"] == "success", found["tasks"]
    return found


def result_of(found: dict[str, Any], task: str) -> Any:
    """What a task has given, as the DAG file reads it back."""
    value = found["xcoms"][f"{task}[-1]"]
    return {key: inner for key, inner in value["$dict"]} if "$dict" in value else value


def test_steps_in_pods_do_what_python_does() -> None:
    """Helpers, classes and artifacts arrive, exact values come back, what fails is retried and caught."""
    assert result_of(ran("pods"), "compute_result") == {
        "text": "fast $(HOME) {{ ds }}: 30", "count": 6, "inverse": "division by zero",
        "halves": [{"$tuple": [0.5, "half"]}, {"$tuple": [1.0, "half"]}, {"$tuple": [1.5, "half"]}],
    }  # fmt: skip
    assert result_of(ran("more pods"), "compute_result")["inverse"] == 1.0


def test_the_pod_of_a_step() -> None:
    """What Kubernetes would be asked for: all of the settings, natively."""
    found = ran("pods")
    pod = found["pods"]["train"]
    spec = pod["spec"]
    assert faults(pod, "V1Pod") == []
    container = next(c for c in spec["containers"] if c["name"] == "base")
    assert [c["name"] for c in spec["containers"]] == ["base", "airflow-xcom-sidecar"]
    assert container["image"] == "registry.example.com/train:1"
    assert container["resources"] == {
        "requests": {"cpu": "2", "memory": "8Gi", "ephemeral-storage": "20Gi"},
        "limits": {"cpu": "3500m", "memory": "16Gi", "nvidia.com/gpu": "2"},
    }
    assert container["env"] == [
        {"name": "MODE", "value": "fast"},
        {"name": "PRICE", "value": "$$(HOME) {{ ds }}"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"key": "token", "name": "hf"}}},
    ]
    assert {"mountPath": "/dev/shm", "name": "shm"} in container["volumeMounts"]
    assert {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}, "name": "shm"} in spec["volumes"]
    assert spec["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB", "disk": "ssd"}
    assert spec["tolerations"] == [
        {"effect": "NoSchedule", "key": "nvidia.com/gpu", "operator": "Exists"},
        {"effect": "NoExecute", "key": "spot", "operator": "Exists", "tolerationSeconds": 60},
    ]
    assert spec["serviceAccountName"] == "trainer"
    assert spec["priorityClassName"] == "high"
    assert pod["metadata"]["labels"]["team"] == "vision"
    assert pod["metadata"]["annotations"]["example.com/cost-center"] == "42"


def test_the_image_of_the_project_and_what_pip_installs() -> None:
    """Of a step that names no image; its packages are installed as the container starts, by its own Python."""
    found = ran("pods")
    halved = next(c for c in found["pods"]["halved"]["spec"]["containers"] if c["name"] == "base")
    assert halved["image"] == "registry.example.com/ml:1.4"
    assert halved["command"][:2] == ["python3.11", "-c"]
    assert halved["args"][-1] == "attrs>=23"
    assert set(found["log"].splitlines()) == {"pip install --quiet attrs>=23"}


def test_a_step_in_docker() -> None:
    """What Docker would be asked for, and what the step gives."""
    found = ran("docker")
    asked = found["pods"]["train"]
    host = asked["host_config"]
    assert asked["image"] == "registry.example.com/train:1"
    assert asked["environment"] == {"MODE": "{{ ds }}.sh"}
    assert asked["labels"] == {"team": "vision"}
    assert (host["Memory"], host["ShmSize"], host["CpuShares"]) == (16 * 2**30, 2**30, 1536)
    (devices,) = host["DeviceRequests"]
    assert (devices["Count"], devices["Capabilities"]) == (2, [["gpu"]])
    assert asked["removed"]
    assert found["pods"]["write"]["entrypoint"][:2] == ["python3.11", "-c"]
    assert found["log"].splitlines() == ["pip install --quiet attrs>=23"]
    assert found["xcoms"]["first[-1]"] == "weights.sh: {'{{ ds }}.sh': ('0-1-2', nan)}"


HEAD = "from pathlib import Path\n\nfrom pipec import Secret, pipeline, run, step\n\n\n"


def built(folder: Path, source: str, settings: str = "", version: str = "3.3") -> tuple[dict[str, str], list[Finding]]:
    """What is written for the one pipeline in `source`, and what is found."""
    (folder / "pyproject.toml").write_text(f"[tool.pipec]\n{settings}\n", encoding="utf-8")
    (folder / "pipeline.py").write_text(HEAD + source, encoding="utf-8")
    workspace = api.Workspace(versions={"airflow": version})
    made = api.build([str(folder / "pipeline.py")], ["airflow"], workspace)
    return (dict(made[0].bundle.files) if made else {}), [shown.finding for shown in workspace.shown()]


STORED = """@step(targets={"airflow": {"isolation": "%s"}})
def write(n: int) -> Path:
    return Path("x")


@step
def read(file: Path) -> int:
    return 1


@pipeline
def refused(n: int = 1):
    return read(write(n))
"""
ALONE = """@step(%s, targets={"airflow": {"isolation": "%s"}})
def one(n: int) -> int:
    return n


@pipeline
def refused(n: int = 1):
    return one(%s)
"""


@pytest.mark.parametrize(
    ("source", "settings", "code", "line", "reason"),
    [
        (STORED % "pod", "", "PC408", 18, "there is none"),
        (STORED % "docker", 'artifact_root = "file:///data"', "PC408", 18, "on the workers' own disks"),
        (ALONE % ("retries=1", "pod", "run.attempt"), "", "PC408", 13, "`run.attempt`"),
        (ALONE % ('gpu="mi300x"', "docker", "n"), "", "PC407", 6, "no amd.com/gpu"),
        (ALONE % ('secrets={"A": Secret("s", key="A")}', "docker", "n"), "", "PC401", 6, "no secrets"),
    ],
    ids=["no-store", "local-store", "attempt", "gpu-of-amd", "secrets"],
)
def test_what_is_refused(tmp_path: Path, source: str, settings: str, code: str, line: int, reason: str) -> None:
    """What a container cannot reach or be given, at its line."""
    files, findings = built(tmp_path, source, settings)
    assert not files
    errors = [f for f in findings if f.severity == "error"]
    assert [(f.code, f.span.line) for f in errors] == [(code, line)]
    assert reason in errors[0].message


def test_the_project_says_where_steps_run(tmp_path: Path) -> None:
    """All of them, but for those that say it themselves; what is wrong there is a finding there."""
    source = (
        "@step\ndef one(n: int) -> int:\n    return n\n\n\n"
        '@step(targets={"airflow": {"isolation": "worker"}})\ndef two(n: int) -> int:\n    return n\n\n\n'
        "@pipeline\ndef placed(n: int = 1):\n    return two(one(n))\n"
    )
    table = '[tool.pipec.airflow]\nversion = "3.1"\nisolation = %r\n'
    files, findings = built(tmp_path, source, table % "pod")
    assert not [f for f in findings if f.severity == "error"]
    assert '@pod_task(image="python:3.12-slim")\n@contained\ndef one(n):' in files["placed.py"]
    assert "@task\n@stored\ndef two(n: int)" in files["placed.py"]
    files, findings = built(tmp_path, source, table % "planet")
    (wrong,) = [f for f in findings if f.severity == "error"]
    assert not files
    assert (wrong.code, wrong.span.file, "'planet'" in wrong.message) == ("PC407", "pyproject.toml", True)


def test_a_store_of_objects_is_enough(tmp_path: Path) -> None:
    """What is refused without it."""
    files, _ = built(tmp_path, STORED % "pod", 'artifact_root = "gs://bucket/x"')
    assert set(files) == {"refused.py", "refused_steps.py"}


def test_code_that_does_not_fit(tmp_path: Path) -> None:
    """The module with it goes to the container as one argument of a program."""
    text = base64.b85encode(random.Random(1).randbytes(150_000)).decode()
    source = (ALONE % ("retries=1", "pod", "n")).replace("return n", "return len(TEXT) + n")
    files, findings = built(tmp_path, f"TEXT = {text!r}\n\n\n{source}")
    assert not files
    (wrong,) = [f for f in findings if f.severity == "error"]
    assert wrong.code == "PC408" and "bytes when packed" in wrong.message


ENDS = """import os
import random
import sys

from pipec import pipeline, step

PLACED = {"airflow": {"isolation": "%s"}}


@step(targets=PLACED)
def killed(n: int) -> str:
    os._exit(n)


@step(targets=PLACED)
def left(n: int) -> str:
    sys.exit(f"early {n}")


@step
def much(n: int) -> str:
    return random.Random(n).randbytes(200_000).hex()


@step(targets=PLACED)
def size(text: str) -> str:
    return str(len(text))


@pipeline
def ends(n: int = 3) -> list[str]:
    try:
        a = killed(n)
    except Exception as error:
        a = str(error)
    try:
        b = left(n)
    except Exception as error:
        b = str(error)
    try:
        c = killed(n - 3)
    except Exception as error:
        c = str(error)
    try:
        d = size(much(n))
    except Exception as error:
        d = str(error)
    return [a, b, c, d]
"""


@pytest.mark.parametrize("place", ["pod", "docker"])
def test_steps_that_do_not_end(tmp_path: Path, place: str) -> None:
    """A killed one, one that leaves, one without an answer, and one that is given too much: each is a failure."""
    (tmp_path / "pipeline.py").write_text(ENDS % place)
    command = [sys.executable, "-m", "pipec", "run", "pipeline.py", "--target", "airflow", "--json", "ran.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    found = json.loads((tmp_path / "ran.json").read_text())
    assert found["result"] == [
        "the container of the step has ended with status 3",
        "step 'left' called sys.exit('early 3')",
        "the container of the step has ended without an answer",
        "400028 characters are too many to be given to a container; return an artifact instead",
    ], done.stdout + done.stderr


LOAD = """
import sys
from airflow.models.dagbag import DagBag

bag = DagBag(sys.argv[1], include_examples=False)
(dag,) = bag.dags.values() or sys.exit(str(bag.import_errors))
task = dag.get_task("one")
print("SHOWN", type(task).__mro__[2].__module__, task.image, task.do_xcom_push)
"""


def test_airflow_2_has_the_same_operator(tmp_path: Path) -> None:
    """Of the provider's own, in the DAG file that is written for it."""
    files, _ = built(tmp_path, ALONE % ('image="python:3.12"', "pod", "n"), version="2.11")
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "home")}
    command = [environments.python("airflow-2.11"), "-c", LOAD, str(tmp_path / "refused.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "SHOWN airflow.providers.cncf.kubernetes.operators.pod python:3.12 True" in done.stdout, done.stderr
