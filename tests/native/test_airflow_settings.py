"""What an Airflow scheduler would be told, where `dag.test()` cannot show it; read from Airflow's own DAG object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipec.backends.airflow import AirflowBackend
from pipec.compiler import frontend, passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site

pytestmark = pytest.mark.orchestrator

SHOW = """
import importlib, json, sys
from kubernetes.client import ApiClient
sys.path.insert(0, sys.argv[1])
dag = importlib.import_module(sys.argv[2]).dag
task = dag.get_task("work")
pod = (task.executor_config or {}).get("pod_override")
print("SHOWN" + json.dumps({
    "owner": task.owner, "timeout": dag.dagrun_timeout and dag.dagrun_timeout.total_seconds(),
    "max_active_tasks": dag.max_active_tasks, "max_active_runs": dag.max_active_runs, "catchup": dag.catchup,
    "start": str(dag.start_date), "end": str(dag.end_date),
    "schedule": repr(dag.schedule) + repr(vars(dag.timetable)),
    "requests": pod.spec.containers[0].resources.requests if pod else None,
    "pod": ApiClient().sanitize_for_serialization(pod) if pod else None,
    "queue": task.queue, "priority": task.priority_weight, "outlets": [a.uri for a in task.outlets],
    "pool": task.pool, "display": dag.dag_display_name,
}))
"""


def shown(tmp_path: Path, pipeline: str, step: str = "") -> dict[str, Any]:
    """What Airflow makes of a pipeline with these settings."""
    source = f"""
from pipec import Cron, Every, OnUpdate, Secret, pipeline, step

@step({step})
def work(n: int) -> int:
    return n

@pipeline({pipeline})
def p(n: int = 3):
    return work(n)
"""
    file = tmp_path / "module.py"
    file.write_text(source, encoding="utf-8")
    report = Report()
    (found,) = frontend.read(file, root=tmp_path, site=Site(), report=report)
    bundle = AirflowBackend().build(passes.run(found, report), Site(), report)
    assert bundle is not None, list(report)
    (tmp_path / bundle.main).write_text(bundle.files[bundle.main], encoding="utf-8")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    environment = {**clean, "AIRFLOW_HOME": str(tmp_path / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment["AIRFLOW__CORE__EXECUTOR"] = "KubernetesExecutor" if step else "LocalExecutor"
    command = [sys.executable, "-c", SHOW, str(tmp_path), Path(bundle.main).stem]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    line = next((x for x in done.stdout.splitlines() if x.startswith("SHOWN")), None)
    assert line is not None, done.stdout + done.stderr
    return dict(json.loads(line.removeprefix("SHOWN")))


def test_run_settings(tmp_path: Path) -> None:
    """Owner, time limit, parallelism and concurrent runs reach the DAG."""
    dag = shown(tmp_path, 'owner="ml", timeout="2h", max_parallel=3, max_active_runs=2')
    assert (dag["owner"], dag["timeout"], dag["max_active_tasks"], dag["max_active_runs"]) == ("ml", 7200, 3, 2)


def test_cron(tmp_path: Path) -> None:
    """A cron expression, not catching up."""
    dag = shown(tmp_path, 'schedule=Cron("0 2 * * *")')
    assert "0 2 * * *" in dag["schedule"] and dag["catchup"] is False


def test_cron_with_timezone_window_and_catchup(tmp_path: Path) -> None:
    """The zone of the cron, its first and last day, and catching up."""
    settings = 'Cron("0 2 * * *", timezone="Europe/Berlin", start="2026-01-01", end="2026-06-01", catchup=True)'
    dag = shown(tmp_path, f"schedule={settings}")
    assert "Europe/Berlin" in dag["schedule"] and dag["catchup"] is True
    assert dag["start"].startswith(("2026-01-01", "2025-12-31")) and dag["end"].startswith(("2026-06-01", "2026-05-31"))


def test_every(tmp_path: Path) -> None:
    """A fixed interval."""
    assert "900" in shown(tmp_path, 'schedule=Every("15m")')["schedule"]


def test_disk(tmp_path: Path) -> None:
    """Ephemeral storage is a request of the pod that the KubernetesExecutor starts."""
    assert shown(tmp_path, "", 'disk="10Gi"')["requests"] == {"ephemeral-storage": "10Gi"}


def test_secrets(tmp_path: Path) -> None:
    """A key of a secret is a variable of the container."""
    (container,) = shown(tmp_path, "", 'secrets={"HF_TOKEN": Secret("hf", key="token")}')["pod"]["spec"]["containers"]
    assert container["name"] == "base"
    assert container["env"] == [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}]


def test_shared_memory(tmp_path: Path) -> None:
    """/dev/shm is a folder in memory of that size."""
    spec = shown(tmp_path, "", 'shm="2Gi"')["pod"]["spec"]
    assert spec["volumes"] == [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}]
    assert spec["containers"][0]["volumeMounts"] == [{"name": "shm", "mountPath": "/dev/shm"}]


def test_placement(tmp_path: Path) -> None:
    """Node selector, tolerations, labels, annotations, service account and priority class are the pod's."""
    toleration = '{"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}'
    pod = shown(
        tmp_path,
        "",
        f'node_selector={{"disk": "ssd"}}, tolerations=[{toleration}], labels={{"team": "ml"}}, '
        'annotations={"note": "x"}, service_account="trainer", priority="high"',
    )["pod"]
    assert pod["metadata"] == {"labels": {"team": "ml"}, "annotations": {"note": "x"}}
    spec = pod["spec"]
    assert (spec["nodeSelector"], spec["serviceAccountName"], spec["priorityClassName"]) == (
        {"disk": "ssd"}, "trainer", "high",
    )  # fmt: skip
    assert spec["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]


def test_queue_and_priority(tmp_path: Path) -> None:
    """They are the operator's own."""
    task = shown(tmp_path, "", 'queue="gpu", priority=7')
    assert (task["queue"], task["priority"], task["pod"]) == ("gpu", 7, None)


def test_updates_of_assets(tmp_path: Path) -> None:
    """What a step updates is an outlet of its task."""
    assert shown(tmp_path, "", 'updates="s3://bucket/table/"')["outlets"] == ["s3://bucket/table"], (
        "without the slash, as in schedules"
    )


def test_runs_on_updates(tmp_path: Path) -> None:
    """An asset is a schedule, and of several any one."""
    assert "s3://bucket/landing/" in shown(tmp_path, 'schedule=OnUpdate("s3://bucket/landing/")')["schedule"]
    several = shown(tmp_path, 'schedule=OnUpdate(["s3://a/x", "s3://b/y"])')["schedule"]
    assert "AssetAny" in several and "s3://a/x" in several and "s3://b/y" in several


def test_native_settings(tmp_path: Path) -> None:
    """Those of the operator and of the DAG."""
    own = 'targets={"airflow": {"pool": "gpu"}}'
    shown_ = shown(tmp_path, 'targets={"airflow": {"dag_display_name": "Nightly"}}', own)
    assert (shown_["pool"], shown_["display"]) == ("gpu", "Nightly")


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ('targets={"airflow": {"pol": "gpu"}}', "there is no 'pol'; did you mean 'pool'?"),
        ('targets={"airflow": {"pool_slots": "2"}}', "'pool_slots' is '2', which is no int"),
        ('targets={"airflow": {"retries": 2}}', "use that"),
    ],
)
def test_native_settings_that_airflow_does_not_take_are_refused(tmp_path: Path, step: str, told: str) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        f"from pipec import pipeline, step\n\n@step({step})\ndef work() -> int:\n    return 1\n\n"
        "@pipeline\ndef p():\n    return work()\n"
    )
    report = Report()
    (found,) = frontend.read(file, root=tmp_path, site=Site(), report=report)
    assert AirflowBackend().build(passes.run(found, report), Site(), report) is None
    (message,) = [f.message for f in report if f.severity == "error"]
    assert told in message
