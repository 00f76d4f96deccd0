"""Container steps on a real Airflow with its Kubernetes provider, the pods as processes of this machine."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import environments
from tests.support.discovery import ROOT
from tests.support.kubernetes_schema import faults

pytestmark = [pytest.mark.orchestrator, pytest.mark.xdist_group("airflow-pods")]

TOOL = ROOT / "tests" / "support" / "tools" / "run_pods.py"
PROGRAMS = {
    "count": """
        rows=${1#--rows=}
        [ "$rows" -lt 100 ] || { echo "too many" >&2; exit 3; }
        for out; do :; done
        expr "$rows" + 4 > "$out"
        """,
    "announce": "",
    "tidy": "",
    "train": "",
    "fit": 'grep -c "" "${2#file://}" > "$5"',
    "publish": '[ -f "${1#file://}" ]',
}
"""What the images of the cases have: shell scripts, which also write down their arguments."""
SHARED_MEMORY = {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}, "name": "shm"}


RUNS = {
    "many": ("container_json", {}),
    "few": ("container_json", {"rows": 2, "name": ""}),
    "too many": ("container_json", {"rows": 100}),
    "settings": ("container_settings", {}),
    "hooks": ("settings_hooks", {}),
    "hooks failing": ("settings_hooks", {"n": 0}),
    "addresses": ("container_addresses", {}),
}
"""Case and parameters."""


@functools.cache
def runs() -> dict[str, dict[str, Any]]:
    """What became of the runs of the committed DAGs, in one process for all."""
    python = environments.python("airflow-pods")
    with tempfile.TemporaryDirectory() as folder:
        home, programs, dags = (Path(folder, name) for name in ("home", "bin", "dags"))
        for place in (home, programs, dags):
            place.mkdir()
        for case in {case for case, _ in RUNS.values()}:
            shutil.copy(ROOT / "tests" / "cases" / case / "built" / "airflow" / f"{case}.py", dags)
        for name, body in PROGRAMS.items():
            log = f'printf "%s\\037" {name} "$@" >> "$LOG"; echo >> "$LOG"'
            (programs / name).write_text(f"#!/bin/sh\n{log}\n{body}")
            (programs / name).chmod(0o755)
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(home), "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONDONTWRITEBYTECODE": "1", "ARTIFACT_ROOT": (home / "artifacts").as_uri(),
        }  # fmt: skip
        wanted = [text for case, params in RUNS.values() for text in (str(dags / f"{case}.py"), json.dumps(params))]
        return dict(zip(RUNS, environments.answer([python, str(TOOL), *wanted], home, environment)))


def ran(name: str) -> tuple[dict[str, Any], list[list[str]]]:
    """What became of a run, and the command lines that were started."""
    found = runs()[name]
    assert found["errors"] == []
    return found, [line.split("\037")[:-1] for line in found["log"].splitlines()]


def states(found: dict[str, Any], task: str) -> list[str]:
    """The states of the instances of `task`."""
    return [state for name, _, state in found["tasks"] if name == task]


def test_many_rows() -> None:
    """A pod in an arm, and pods in an arm in a loop; text goes in as it is, whatever Airflow or Kubernetes make of it."""
    found, started = ran("many")
    assert found["state"] == "success"
    assert found["xcoms"]["spread[-1]"] == [7, 8]
    assert found["xcoms"]["shout[-1]"] == "7: 15!"
    assert [line[:-1] if line[0] == "count" else line for line in started] == [
        ["count", "--rows=3", "--name", "it's $(HOME) {{ ds }}", "--options", '{"depth": 4}', "--out"],
        ["announce", "many"],
        ["announce", "odd 7"],
        ["tidy", "--all"],
        ["announce", "7: 15!"],
    ]
    assert states(found, "for_n_2.tidy") == ["success", "skipped"]
    assert states(found, "for_n.count_2") == ["skipped"]


def test_few_rows() -> None:
    """A pod for each item of a loop."""
    found, started = ran("few")
    assert found["state"] == "success"
    assert found["xcoms"]["shout[-1]"] == "6: 39!"
    counts = [line[1] for line in started if line[0] == "count"]
    assert counts[0] == "--rows=2"
    assert sorted(counts[1:]) == [f"--rows={n}" for n in range(6)]
    assert started[0][3] == ""
    assert states(found, "announce") == states(found, "spread") == ["skipped"]


def test_a_pod_that_fails_fails_the_run() -> None:
    """And what needs it does not run."""
    found, _ = ran("too many")
    assert found["state"] == "failed"
    assert states(found, "count") == ["failed"]
    assert states(found, "shout") == ["upstream_failed"]


def test_settings() -> None:
    """The pod that Kubernetes would be asked for."""
    found, started = ran("settings")
    assert started == [["train", "--rows", "3", "--cost", "$$5"]]
    spec = found["pods"]["train"]["spec"]
    (container,) = spec["containers"]
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
    assert container["volumeMounts"] == [{"mountPath": "/dev/shm", "name": "shm"}]
    assert spec["volumes"] == [SHARED_MEMORY]
    assert spec["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB", "disk": "ssd"}
    assert spec["tolerations"] == [
        {"effect": "NoSchedule", "key": "nvidia.com/gpu", "operator": "Exists"},
        {"effect": "NoExecute", "key": "spot", "operator": "Exists", "tolerationSeconds": 60},
    ]
    assert faults(found["pods"]["train"], "V1Pod") == []
    assert spec["serviceAccountName"] == "trainer"
    assert spec["priorityClassName"] == "high"
    metadata = found["pods"]["train"]["metadata"]
    assert metadata["labels"]["team"] == "vision"
    assert metadata["annotations"]["example.com/cost-center"] == "42"


def test_somebody_is_told() -> None:
    """By callbacks of the tasks and of the DAG: once a step has failed for good, and at the end of the run."""
    good, _ = ran("hooks")
    assert len(good["messages"]) == 1
    assert re.fullmatch(r"#ml-alerts settings_hooks has succeeded \(run manual__\S+\)", good["messages"][0])
    bad, _ = ran("hooks failing")
    *steps, run = bad["messages"]
    assert steps == ["#ml-alerts PAGE step divide has failed: division by zero"] * 2
    assert re.fullmatch(r"#ml-alerts PAGE settings_hooks has failed \(run manual__\S+\)", run)


def test_containers_are_told_where_artifacts_lie() -> None:
    """In a row, in an arm, and in a loop: each finds there what the step has stored."""
    found, lines = ran("addresses")
    assert found["state"] == "success", found["tasks"]
    assert found["xcoms"]["compute_result[-1]"] in (6, 6.0, {"$float": "6.0"})
    (published,) = [line for line in lines if line[0] == "publish"]
    assert re.fullmatch(r"file:///.*/container_addresses/.*/weigh/-1/1/result/model/weights", published[1])
    assert published[2] == "$(HOME)"
    places = [line[2] for line in lines if line[0] == "fit"]
    assert all(re.fullmatch(r"file:///.*/container_addresses/.*/result/numbers.txt", place) for place in places)
    assert sorted(place.split("/")[-5] for place in places) == ["write", "write_2", "write_2"]
    assert len({*places}) == 3
