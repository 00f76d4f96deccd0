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
from tests.support.kubernetes_schema import faults

pytestmark = [pytest.mark.orchestrator, pytest.mark.xdist_group("airflow-settings")]

PIPELINES = {
    "run": 'owner="ml", timeout="2h", max_parallel=3, max_active_runs=2',
    "cron": 'schedule=Cron("0 2 * * *")',
    "window": "schedule=Cron('0 2 * * *', timezone='Europe/Berlin', start='2026-01-01', end='2026-06-01', catchup=True)",
    "every": 'schedule=Every("15m")',
    "updated": 'schedule=OnUpdate("s3://bucket/landing/")',
    "any_updated": 'schedule=OnUpdate(["s3://a/x", "s3://b/y"])',
    "native": 'targets={"airflow": {"dag_display_name": "Nightly"}}',
    "after": 'schedule=After("first")',
}
"""Name -> settings of the pipeline."""
BESIDE = {
    "after": "@pipeline\ndef first(n: int = 3):\n    return work(n)\n",
    "followed": '@pipeline(schedule=After("followed_dag"))\ndef second(n: int = 3):\n    return work(n)\n',
}
"""Name -> another pipeline of the same file."""
TOLERATION = '{"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}'
STEPS = {
    "disk": 'disk="10Gi"',
    "secrets": 'secrets={"HF_TOKEN": Secret("hf", key="token")}',
    "shm": 'shm="2Gi"',
    "placement": f'node_selector={{"disk": "ssd"}}, tolerations=[{TOLERATION}], labels={{"team": "ml"}}, '
    'annotations={"note": "x"}, service_account="trainer", priority="high"',
    "queue": 'queue="gpu", priority=7',
    "updates": 'updates="s3://bucket/table/"',
    "native": 'targets={"airflow": {"pool": "gpu"}}',
    "followed": "",
}
"""Name -> settings of the step."""
SHOW = """
import importlib, json, sys
from kubernetes.client import ApiClient
sys.path.insert(0, sys.argv[1])
found = {}
for name in sys.argv[2:]:
    dag = importlib.import_module(name).dag
    task = dag.get_task("work")
    pod = (task.executor_config or {}).get("pod_override")
    found[name] = {
        "owner": task.owner, "timeout": dag.dagrun_timeout and dag.dagrun_timeout.total_seconds(),
        "max_active_tasks": dag.max_active_tasks, "max_active_runs": dag.max_active_runs, "catchup": dag.catchup,
        "start": str(dag.start_date), "end": str(dag.end_date),
        "schedule": repr(dag.schedule) + repr(vars(dag.timetable)),
        "pod": ApiClient().sanitize_for_serialization(pod) if pod else None,
        "queue": task.queue, "priority": task.priority_weight, "outlets": [a.uri for a in task.outlets],
        "pool": task.pool, "display": dag.dag_display_name,
        "leaves": {t.task_id: [a.uri for a in t.outlets] for t in dag.leaves},
    }
print("SHOWN" + json.dumps(found))
"""


def written(folder: Path, name: str) -> str:
    """The name of the module with the DAG of a pipeline with the settings called `name`, below `folder`."""
    file = folder / f"{name}_source.py"
    file.write_text(
        "from pipec import After, Cron, Every, OnUpdate, Secret, pipeline, step\n\n"
        f"@step({STEPS.get(name, '')})\ndef work(n: int) -> int:\n    return n\n\n"
        f"@pipeline({PIPELINES.get(name, '')})\ndef {name}_dag(n: int = 3):\n    return work(n)\n"
        f"\n{BESIDE.get(name, '')}"
    )
    report = Report()
    (found,) = frontend.read(file, root=folder, site=Site(), report=report, pipeline=f"{name}_dag")
    bundle = AirflowBackend().build(passes.run(found, report), Site(), report)
    assert bundle is not None, list(report)
    (folder / bundle.main).write_text(bundle.files[bundle.main], encoding="utf-8")
    return Path(bundle.main).stem


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What Airflow makes of each, under the KubernetesExecutor; from one process, which takes its time to start."""
    folder = tmp_path_factory.mktemp("settings")
    modules = {written(folder, name): name for name in {**PIPELINES, **STEPS}}
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    environment = {**clean, "AIRFLOW_HOME": str(folder / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment["AIRFLOW__CORE__EXECUTOR"] = "KubernetesExecutor"
    command = [sys.executable, "-c", SHOW, str(folder), *modules]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    line = next((x for x in done.stdout.splitlines() if x.startswith("SHOWN")), None)
    assert line is not None, done.stdout + done.stderr
    return {modules[module]: found for module, found in json.loads(line.removeprefix("SHOWN")).items()}


Shown = dict[str, dict[str, Any]]


def test_run_settings(shown: Shown) -> None:
    """Owner, time limit, parallelism and concurrent runs reach the DAG."""
    dag = shown["run"]
    assert (dag["owner"], dag["timeout"], dag["max_active_tasks"], dag["max_active_runs"]) == ("ml", 7200, 3, 2)


def test_cron(shown: Shown) -> None:
    """A cron expression, not catching up."""
    assert "0 2 * * *" in shown["cron"]["schedule"] and shown["cron"]["catchup"] is False


def test_cron_with_timezone_window_and_catchup(shown: Shown) -> None:
    """The zone of the cron, its first and last day, and catching up."""
    dag = shown["window"]
    assert "Europe/Berlin" in dag["schedule"] and dag["catchup"] is True
    assert dag["start"].startswith(("2026-01-01", "2025-12-31")) and dag["end"].startswith(("2026-06-01", "2026-05-31"))


def test_every(shown: Shown) -> None:
    """A fixed interval."""
    assert "900" in shown["every"]["schedule"]


def test_runs_after_another_pipeline(shown: Shown) -> None:
    """The end of one is an asset that its last task updates, and that the other waits for."""
    assert "dag://first" in shown["after"]["schedule"]
    assert shown["followed"]["leaves"] == {"run_succeeded": ["dag://followed_dag/"]}  # as Airflow spells URIs
    assert shown["after"]["leaves"] == {"work": []}


def test_pipelines_of_other_files_do_not_tell_of_their_end(tmp_path: Path) -> None:
    """What they are built to is decided by their own file."""
    (tmp_path / "late.py").write_text(
        'from pipec import After, pipeline\n\n\n@pipeline(schedule=After("elsewhere"))\ndef late():\n    pass\n'
    )
    report = Report()
    (found,) = frontend.read(tmp_path / "late.py", root=tmp_path, site=Site(), report=report)
    assert AirflowBackend().build(passes.run(found, report), Site(), report) is None
    (finding,) = report.findings
    assert finding.code == "PC407" and "no pipeline 'elsewhere' in this file" in finding.message


def test_pods_are_what_kubernetes_takes(shown: Shown) -> None:
    """Every pod override, by Kubernetes' own schemas; and that these are not taken lightly."""
    pods = {name: found["pod"] for name, found in shown.items() if found["pod"]}
    assert {"disk", "secrets", "shm", "placement"} <= set(pods)
    assert {name: faults(pod, "V1Pod") for name, pod in pods.items()} == dict.fromkeys(pods, [])
    (box,) = pods["disk"]["spec"]["containers"]
    wrong = {**box, "gpu": 1, "image": 3, "resources": {"limits": {"memory": "4GB"}}}
    assert len(faults(wrong, "V1Container")) == 3
    assert len(faults({"metadata": {"labels": {"a": "not one"}}, "spec": {}}, "V1Pod")) == 2


def test_disk(shown: Shown) -> None:
    """Ephemeral storage is a request of the pod that the KubernetesExecutor starts."""
    (container,) = shown["disk"]["pod"]["spec"]["containers"]
    assert container["resources"]["requests"] == {"ephemeral-storage": "10Gi"}


def test_secrets(shown: Shown) -> None:
    """A key of a secret is a variable of the container."""
    (container,) = shown["secrets"]["pod"]["spec"]["containers"]
    assert container["name"] == "base"
    assert container["env"] == [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}]


def test_shared_memory(shown: Shown) -> None:
    """/dev/shm is a folder in memory of that size."""
    spec = shown["shm"]["pod"]["spec"]
    assert spec["volumes"] == [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}]
    assert spec["containers"][0]["volumeMounts"] == [{"name": "shm", "mountPath": "/dev/shm"}]


def test_placement(shown: Shown) -> None:
    """Node selector, tolerations, labels, annotations, service account and priority class are the pod's."""
    pod = shown["placement"]["pod"]
    assert pod["metadata"] == {"labels": {"team": "ml"}, "annotations": {"note": "x"}}
    spec = pod["spec"]
    found = spec["nodeSelector"], spec["serviceAccountName"], spec["priorityClassName"]
    assert found == ({"disk": "ssd"}, "trainer", "high")
    assert spec["tolerations"] == [json.loads(TOLERATION)]


def test_queue_and_priority(shown: Shown) -> None:
    """They are the operator's own."""
    task = shown["queue"]
    assert (task["queue"], task["priority"], task["pod"]) == ("gpu", 7, None)


def test_updates_of_assets(shown: Shown) -> None:
    """What a step updates is an outlet of its task."""
    assert shown["updates"]["outlets"] == ["s3://bucket/table"], "without the slash, as in schedules"


def test_runs_on_updates(shown: Shown) -> None:
    """An asset is a schedule, and of several any one."""
    assert "s3://bucket/landing" in shown["updated"]["schedule"]
    several = shown["any_updated"]["schedule"]
    assert "AssetAny" in several and "s3://a/x" in several and "s3://b/y" in several


def test_native_settings(shown: Shown) -> None:
    """Those of the operator and of the DAG."""
    assert (shown["native"]["pool"], shown["native"]["display"]) == ("gpu", "Nightly")


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
