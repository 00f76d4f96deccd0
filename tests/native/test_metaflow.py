"""Metaflow: flows that its own runner, linter and deployers take, with the settings where they belong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipec import api
from pipec.backends.metaflow import MetaflowBackend
from pipec.backends.metaflow.lower import lower
from pipec.backends.metaflow.schedule import every, six_fields
from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import (
    Accelerator,
    Cache,
    Parameter,
    Pipeline,
    PipelinePolicy,
    Placement,
    Resources,
    Retry,
    Schedule,
    SecretRef,
    Task,
    TaskPolicy,
)
from tests.support.discovery import ROOT
from tests.support.fake_aws import fake_s3
from tests.support.kubernetes_schema import faults

BASE = '''
from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n + 1


@pipeline
def flow(n: int = 3) -> int:
    """Works."""
    return work(n)
'''


def read(text: str, folder: Path) -> Pipeline:
    """The pipeline in `text`, as a backend gets it."""
    file = folder / "pipeline.py"
    file.write_text(text, encoding="utf-8")
    workspace = api.Workspace()
    found = api.read_one(str(file), workspace)
    assert found is not None, [s.finding.message for s in workspace.shown()]
    return passes.run(found[1], Report())


def build(pipeline: Pipeline, site: Site | None = None) -> tuple[str, Report]:
    """The flow file, "" where it is refused, and what was found."""
    report = Report()
    bundle = MetaflowBackend().build(pipeline, site or Site(), report)
    return (bundle.files[bundle.main] if bundle else ""), report


def with_policy(pipeline: Pipeline, policy: TaskPolicy, **component: Any) -> Pipeline:
    """`pipeline`, which has one task, with the policy for it."""
    (task,) = (n for n in pipeline.body.nodes if isinstance(n, Task))
    body = pipeline.body.model_copy(update={"nodes": (task.model_copy(update={"policy": policy}),)})
    (known,) = pipeline.components
    return pipeline.model_copy(update={"body": body, "components": (known.model_copy(update=component),)})


def environment(folder: Path, **more: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("METAFLOW", "AWS"))}
    own = {"HOME": str(folder), "METAFLOW_HOME": str(folder / "home"), "METAFLOW_USER": "tests"}
    return {**clean, **own, "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(folder / "store"), **more}


def execute(text: str, folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`python flow.py ...`."""
    file = folder / "the_flow.py"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, str(file), "--no-pylint", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(folder, **more), capture_output=True, text=True)


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """What Argo Workflows would get for a flow."""
    pytest.importorskip("boto3")
    with fake_s3() as address:

        def compile_(text: str, *options: str) -> dict[str, Any]:
            remote = {
                "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
                "METAFLOW_DEFAULT_DATASTORE": "s3", "METAFLOW_DATASTORE_SYSROOT_S3": "s3://bucket/metaflow",
                "METAFLOW_S3_ENDPOINT_URL": address, "METAFLOW_ARGO_EVENTS_EVENT": "metaflow",
                "METAFLOW_ARGO_EVENTS_EVENT_SOURCE": "webhook", "METAFLOW_ARGO_EVENTS_SERVICE_ACCOUNT": "events",
                "METAFLOW_ARGO_EVENTS_EVENT_BUS": "default",
            }  # fmt: skip
            done = execute(text, tmp_path, *options, "argo-workflows", "create", "--only-json", **remote)
            assert done.returncode == 0, done.stdout + done.stderr
            found: dict[str, Any] = json.loads(done.stdout)
            return found

        yield compile_


def container(spec: dict[str, Any], step: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The template of a step, and its container."""
    template = next(t for t in spec["spec"]["templates"] if t["name"] == step)
    return template, template["container"]


@pytest.mark.orchestrator
def test_placement_reaches_the_cluster(tmp_path: Path, deploy: Callable[..., dict[str, Any]]) -> None:
    policy = TaskPolicy(
        resources=Resources(cpu=500, memory=2 * 2**30, disk=20 * 10**9, shm=64 * 2**20),
        accelerator=Accelerator(name="a100", count=2, node_selector={"gpu": "a100"}),
        retry=Retry(limit=2, delay=120), timeout=7200, env={"MODE": "fast"},
        secrets={"TOKEN": SecretRef(name="hf", key="TOKEN")},
        placement=Placement(
            node_selector={"zone": "a"}, tolerations=({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"},),
            labels={"team": "ml"}, annotations={"note": "x"}, service_account="runner",
        ),
    )  # fmt: skip
    text, report = build(with_policy(read(BASE, tmp_path), policy, image="python:3.12"))
    assert not report.failed
    template, box = container(deploy(text), "work")
    assert box["image"] == "python:3.12"
    pod = {"containers": [box], **{key: template[key] for key in ("nodeSelector", "tolerations", "volumes")}}
    assert faults(pod, "V1PodSpec") == [] and faults(template["metadata"], "V1ObjectMeta") == []
    assert box["resources"]["requests"] == {"cpu": "0.5", "memory": "2147.483648M", "ephemeral-storage": "20000M"}
    assert box["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert template["nodeSelector"] == {"gpu": "a100", "zone": "a"}
    assert template["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert template["metadata"]["labels"]["team"] == "ml" and template["metadata"]["annotations"]["note"] == "x"
    assert template["serviceAccountName"] == "runner" and template["activeDeadlineSeconds"] == 7200
    assert template["retryStrategy"]["limit"] == 2 and template["retryStrategy"]["backoff"]["duration"] == "2m"
    assert {"secretRef": {"name": "hf"}} in [{"secretRef": {"name": e["secretRef"]["name"]}} for e in box["envFrom"]]
    assert "64Mi" in json.dumps(template)
    assert "MODE" in json.dumps(box)


NATIVE = {
    "kubernetes": {
        "qos": "Guaranteed", "image_pull_policy": "Always", "persistent_volume_claims": {"data": "/data"},
        "image_pull_secrets": ["registry"], "use_tmpfs": True, "tmpfs_size": 512,
    },
    "card": {"type": "blank", "timeout": 30},
}  # fmt: skip


@pytest.mark.orchestrator
def test_native_settings_reach_the_cluster(tmp_path: Path, deploy: Callable[..., dict[str, Any]]) -> None:
    policy = TaskPolicy(resources=Resources(cpu=500, memory=2 * 10**9), extensions={"metaflow": NATIVE})
    pipeline = with_policy(read(BASE, tmp_path), policy)
    named = PipelinePolicy(extensions={"metaflow": {"project": {"name": "forecasts"}}})
    text, report = build(pipeline.model_copy(update={"policy": named}))
    assert not report.failed
    assert '@card(type="blank", timeout=30)' in text and '@project(name="forecasts")' in text
    spec = deploy(text)
    template, box = container(spec, "work")
    assert spec["metadata"]["annotations"]["metaflow/project_name"] == "forecasts"
    assert box["imagePullPolicy"] == "Always"
    assert box["resources"]["requests"] == {**box["resources"]["limits"], "cpu": "0.5", "memory": "2000M"}
    assert "registry" in json.dumps(template) and "/data" in json.dumps(box["volumeMounts"])
    done = execute(text, tmp_path, "run")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.orchestrator
def test_a_short_time_limit_can_be_deployed(tmp_path: Path, deploy: Callable[..., dict[str, Any]]) -> None:
    """`@kubernetes` takes no limit below a minute, and would refuse the flow."""
    text, report = build(with_policy(read(BASE, tmp_path), TaskPolicy(timeout=45, resources=Resources(cpu=500))))
    assert ["45 s becomes 60 s" in f.message for f in report if f.severity == "warning"] == [True]
    assert container(deploy(text), "work")[0]["activeDeadlineSeconds"] == 60
    text, _ = build(with_policy(read(BASE, tmp_path), TaskPolicy(timeout=45)))
    assert "@timeout(seconds=45)" in text


def test_a_fan_out_that_a_run_has_to_be_asked_for_is_a_limit(tmp_path: Path) -> None:
    source = BASE.replace("flow(n: int = 3) -> int:", "flow(n: int = 3) -> list[int]:")
    source = source.replace("return work(n)", "return [work(i) for i in (" + "0, " * 101 + ")]")
    _, report = build(read(source, tmp_path))
    assert ["run --max-num-splits 101" in f.message for f in report if f.code == "PC406"] == [True]


@pytest.mark.orchestrator
def test_runs_on_updates_reach_the_cluster(tmp_path: Path, deploy: Callable[..., dict[str, Any]]) -> None:
    plan = Schedule(on_update=("s3://bucket/landing/",))
    policy = PipelinePolicy(schedule=plan)
    text, report = build(read(BASE, tmp_path).model_copy(update={"policy": policy}))
    assert not report.failed and '@trigger(event="s3_bucket_landing")' in text
    spec = deploy(text)
    assert "s3_bucket_landing" in spec["metadata"]["annotations"]["metaflow/triggers"]
    several = PipelinePolicy(schedule=Schedule(on_update=("s3://a", "s3://b")))
    _, report = build(read(BASE, tmp_path).model_copy(update={"policy": several}))
    assert [f.code for f in report if f.severity == "error"] == ["PC407"]


@pytest.mark.orchestrator
def test_updates_are_published(tmp_path: Path) -> None:
    """On Argo Workflows a step tells of its update once it has run; local runs tell nobody."""
    text, _ = build(with_policy(read(BASE, tmp_path), TaskPolicy(updates="s3://bucket/table/")))
    heard: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = {"METAFLOW_ARGO_EVENTS_WEBHOOK_URL": f"http://127.0.0.1:{server.server_port}/"}
    for more in (url, {**url, "ARGO_WORKFLOW_TEMPLATE": "flow"}):
        done = execute(text, tmp_path, "run", **more)
        assert done.returncode == 0, done.stdout + done.stderr
    server.shutdown()
    assert [event["name"] for event in heard] == ["s3_bucket_table"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kubernetis": {}}, "there is no 'kubernetis'; did you mean 'kubernetes'?"),
        ({"kubernetes": {"qoss": "Guaranteed"}}, "@kubernetes: there is no 'qoss'; did you mean 'qos'?"),
        ({"kubernetes": {"port": "80"}}, "@kubernetes: 'port' is '80', which is no int"),
        ({"kubernetes": {"memory": 5}}, "'memory' is what pipec makes of `memory`; use that"),
        ({"retry": {"times": 2}}, "'retry' is what pipec makes of `retries`; use that"),
        ({"card": "blank"}, "'card' is 'blank'; write a dict of its arguments"),
    ],
)
def test_native_settings_that_metaflow_does_not_take_are_refused(
    tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    _, report = build(with_policy(read(BASE, tmp_path), TaskPolicy(extensions={"metaflow": given})))
    (message,) = (f.message for f in report if f.severity == "error")
    assert told in message


@pytest.mark.orchestrator
def test_resources_that_platforms_give_anyway_stay_portable(tmp_path: Path) -> None:
    """`@resources` where it means the same, as any platform understands it."""
    policy = TaskPolicy(resources=Resources(cpu=2000, memory=8 * 10**9))
    text, _ = build(with_policy(read(BASE, tmp_path), policy))
    assert "@resources(cpu=2, memory=8000)" in text and "kubernetes" not in text


@pytest.mark.orchestrator
def test_packages_reach_the_cluster(tmp_path: Path) -> None:
    pipeline = with_policy(
        read(BASE, tmp_path), TaskPolicy(), packages=("pandas==2.2.2", "numpy>=1.26,<3"), python="3.11"
    )
    text, report = build(pipeline)
    assert not report.failed
    assert '@pypi_on_cluster(packages={"pandas": "2.2.2", "numpy": ">=1.26,<3"}, python="3.11")' in text
    done = execute(text, tmp_path, "run")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.orchestrator
def test_schedules_reach_the_cluster(tmp_path: Path, deploy: Callable[..., dict[str, Any]]) -> None:
    base = read(BASE, tmp_path)

    def scheduled(plan: Schedule) -> tuple[str, Report]:
        return build(base.model_copy(update={"policy": PipelinePolicy(schedule=plan)}))

    text, _ = scheduled(Schedule(cron="30 2 * * 1-5", timezone="Europe/Berlin"))
    assert '@schedule(cron="30 2 ? * MON-FRI *", timezone="Europe/Berlin")' in text
    assert "30 2 ? * MON-FRI" in json.dumps(deploy(text)["metadata"])
    assert '@schedule(cron="*/15 * * * ? *")' in scheduled(Schedule(every=900))[0]
    assert '@trigger_on_finish(flow="OtherFlow")' in scheduled(Schedule(after="other"))[0]
    assert scheduled(Schedule(every=7 * 60))[1].failed
    needy = base.model_copy(update={"parameters": (Parameter(name="n", annotation="int", span=base.span),)})
    made, report = build(needy.model_copy(update={"policy": PipelinePolicy(schedule=Schedule(every=900))}))
    assert [f.message for f in report if f.severity == "error"], made


@pytest.mark.orchestrator
def test_hooks_reach_the_cluster(deploy: Callable[..., dict[str, Any]]) -> None:
    flow = ROOT / "tests" / "cases" / "settings_run_hooks" / "built" / "metaflow" / "settings_run_hooks_flow.py"
    made = json.dumps(deploy(flow.read_text(encoding="utf-8")))
    assert "exit_hook_script" in made and "run_succeeded" in made and "run_failed" in made


def test_cron_dialects() -> None:
    assert six_fields("0 3 * * *") == "0 3 * * ? *"
    assert six_fields("0 3 1 * *") == "0 3 1 * ? *"
    assert six_fields("0 3 * * 0,6") == "0 3 ? * SUN,SAT *"
    assert six_fields("0 3 1 * 1") is None
    assert [every(s) for s in (60, 1800, 3600, 7200, 86400)] == [
        "*/1 * * * *", "*/30 * * * *", "0 * * * *", "0 */2 * * *", "0 0 * * *",
    ]  # fmt: skip
    assert every(50 * 60) is None and every(30) is None


def test_what_metaflow_has_no_word_for_is_left_out(tmp_path: Path) -> None:
    """Each with a warning that says so."""
    policy = TaskPolicy(
        resources=Resources(cpu_limit=1000, memory_limit=10**9), retry=Retry(limit=1, backoff=2.0, max_delay=600),
        placement=Placement(queue="slow", priority=3),
    )  # fmt: skip
    pipeline = with_policy(read(BASE, tmp_path), policy)
    pipeline = pipeline.model_copy(update={"policy": PipelinePolicy(owner="me", max_parallel=2, max_active_runs=1)})
    text, report = build(pipeline)
    assert text and "@retry(times=1)" in text and "slow" not in text
    told = {f.feature for f in report if f.code == "PC402"}  # type: ignore[attr-defined]
    assert told == {
        "cpu_limit", "memory_limit", "retries.backoff", "retries.max_delay", "queue", "priority",
        "pipeline.owner", "pipeline.max_parallel", "pipeline.max_active_runs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (TaskPolicy(retry=Retry(limit=5)), "PC407"),
        (TaskPolicy(secrets={"A": SecretRef(name="s", key="b")}), "PC407"),
        (TaskPolicy(retry=Retry(limit=1, delay=90)), "PC404"),
        (TaskPolicy(timeout=90.5), "PC404"),
        (TaskPolicy(timeout=30), "PC404"),
    ],
)
def test_values_outside_of_metaflows_range(tmp_path: Path, policy: TaskPolicy, code: str) -> None:
    text, report = build(with_policy(read(BASE, tmp_path), policy))
    assert [f.code for f in report if f.code != "PC403"] == [code]
    assert bool(text) == (code == "PC404")


@pytest.mark.orchestrator
def test_results_are_reused_until_they_are_old(tmp_path: Path) -> None:
    """Equal inputs and code: the step's body is skipped; else it runs."""
    text, _ = build(with_policy(read(BASE, tmp_path), TaskPolicy(cache=Cache(ttl=3600))))
    noisy = text.replace("    return n + 1", '    print("working")\n    return n + 1')
    runs = [execute(noisy, tmp_path, "run", f"--n={n}") for n in (3, 3, 4)]
    assert all(run.returncode == 0 for run in runs), runs
    assert ["working" in run.stdout for run in runs] == [True, False, True]
    old = noisy.replace("ttl=timedelta(hours=1)", "ttl=timedelta(seconds=0)")
    assert "working" in execute(old, tmp_path, "run", "--n=3").stdout
    changed = noisy.replace('code="work ', 'code="work 2 ')
    assert changed != noisy and "working" in execute(changed, tmp_path, "run", "--n=3").stdout


MUTATING = """
from pipec import pipeline, step


@step
def load() -> list[list[int]]:
    return [[1], [2]]


@step
def spoil(rows: list[list[int]]) -> int:
    rows.append([9])
    rows[0].append(9)
    return len(rows)


@step
def spoil_one(row: list[int]) -> list[int]:
    row.append(7)
    return row


@step
def keep(row: list[int], before: list[int]) -> list[int]:
    return row


@pipeline
def flow() -> list[object]:
    rows = load()
    size = spoil(rows)
    kept = []
    for row in rows:
        changed = spoil_one(row)
        kept.append(keep(row, changed))
    return [rows, size, kept]
"""


@pytest.mark.orchestrator
@pytest.mark.slow
def test_changes_in_place_are_not_stored(tmp_path: Path) -> None:
    """Not of an artifact, and not of the item of a foreach."""
    text, _ = build(read(MUTATING, tmp_path))
    line = "        self.result = [self.rows, self.size, self.kept_items]\n"
    assert line in text
    shown = text.replace(line, line + '        print("result", self.result)\n')
    done = execute(shown, tmp_path, "run")
    assert done.returncode == 0, shown + done.stdout + done.stderr
    assert "result [[[1], [2]], 3, [[1], [2]]]" in done.stdout


CLASHES = """
from pipec import pipeline, step


@step
def plain(retry: int) -> int:
    return retry + 1


@step(retries=1)
def current(Flow: int, value: int) -> list[int]:
    return [Flow, value]


@step(cache=True)
def empty_folder(FlowSpec: list[int]) -> list[int]:
    return FlowSpec * 2


def reuse(os: int) -> int:
    return os


@step
def pickle(hashlib: list[int]) -> int:
    return reuse(len(hashlib))


@pipeline
def flow(self_: int = 3) -> list[object]:
    plain_ = plain(self_)
    step = current(plain_, 1)
    return [empty_folder(step), pickle(step), [plain_ for plain_ in step]]
"""


@pytest.mark.orchestrator
def test_names_of_metaflow_belong_to_the_user(tmp_path: Path) -> None:
    """The user's functions may be called like anything that a flow imports or defines."""
    text, _ = build(read(CLASHES, tmp_path))
    assert "def metaflow_plain(" in text and "with metaflow_empty_folder():" in text
    line = "        self.result = ["
    shown = text.replace("        self.result = ", "        self.result = result = ") + ""
    shown = shown.replace("\n\n\nif __name__", '\n        print("result", result)\n\n\nif __name__')
    assert line in text
    done = execute(shown, tmp_path, "run")
    assert done.returncode == 0, shown + done.stdout + done.stderr
    assert "result [[4, 1, 4, 1], 2, [4, 1]]" in done.stdout


CAUGHT = """
import os
import signal
import sys
import threading
import time

from pipec import pipeline, step


@step(timeout="5s", retries=1)
def work(how: str, x: int) -> int:
    if how == "slow":
        time.sleep(60)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "left":
        sys.exit(3)
    return x


@pipeline
def flow(how: str = "well", xs: list[int] = [1]) -> list[str]:
    told = []
    for x in xs:
        try:
            told.append(f"worked: {work(how, x)}")
        except Exception as e:
            told.append(f"{x}: {e}")
    return told
"""


def told(folder: Path, how: str) -> str:
    """What is said of a step in a `try` that ends as `how` says."""
    pipeline = read(CAUGHT, folder)
    text, report = build(pipeline)
    assert not report.failed
    done = execute(text, folder, "run", "--how", how)
    assert done.returncode == 0, done.stdout + done.stderr
    result = lower(pipeline, Site(), Report()).result
    script = f"from metaflow import Flow; print(Flow('FlowFlow').latest_run['end'].task['{result}'].data[0])"
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True).stdout


@pytest.mark.orchestrator
@pytest.mark.slow
def test_a_time_limit_is_caught(tmp_path: Path) -> None:
    assert told(tmp_path, "slow") == "1: step 'work' took longer than its time limit of 5 s\n"


@pytest.mark.orchestrator
@pytest.mark.slow
def test_a_killed_process_is_caught(tmp_path: Path) -> None:
    assert told(tmp_path, "killed").startswith("1: Task execution kept failing over 2 attempts.")


@pytest.mark.orchestrator
@pytest.mark.slow
def test_a_step_that_exits_is_caught(tmp_path: Path) -> None:
    assert told(tmp_path, "left") == "1: step 'work' called sys.exit(3)\n"


WAITS = """
from pipec import pipeline, step, wait_for


@step
def work() -> int:
    return 1


@pipeline
def flow(uri: str) -> int:
    wait_for(uri, every="1s", timeout="1s")
    return work()
"""


@pytest.mark.orchestrator
def test_a_sensor_looks_into_s3(tmp_path: Path) -> None:
    pytest.importorskip("boto3")
    text, report = build(read(WAITS, tmp_path))
    assert not report.failed
    with fake_s3() as address:
        remote = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "METAFLOW_S3_ENDPOINT_URL": address}
        request = urllib.request.Request(f"{address}/bucket/flag", data=b"here", method="PUT")
        urllib.request.urlopen(request).close()  # noqa: S310  # a server of the test's own
        assert execute(text, tmp_path, "run", "--uri", "s3://bucket/flag", **remote).returncode == 0
        done = execute(text, tmp_path, "run", "--uri", "s3://bucket/other", **remote)
    assert done.returncode == 1 and "s3://bucket/other is not there after 1 seconds" in done.stdout + done.stderr


def test_a_sensor_for_what_no_flow_can_see_is_refused(tmp_path: Path) -> None:
    text, report = build(read(WAITS.replace("(uri,", '("gs://bucket/flag",'), tmp_path))
    assert not text and [f.code for f in report.findings if f.severity == "error"] == ["PC407"]


@pytest.mark.orchestrator
def test_functions_are_refused_instead_of_lost(tmp_path: Path) -> None:
    source = BASE.replace(
        "def work(n: int) -> int:\n    return n + 1", "def work(n: int):\n    return lambda: n"
    ).replace('-> int:\n    """Works', '-> object:\n    """Works')
    text, _ = build(read(source, tmp_path))
    done = execute(text, tmp_path, "run")
    assert done.returncode == 1 and "returned a function, which Metaflow does not store" in done.stdout


def test_too_many_paths_are_reported(tmp_path: Path) -> None:
    body = "\n".join(f"    a{i} = work(n)\n    b{i} = work(n)\n    n = add(a{i}, b{i})" for i in range(12))
    source = BASE.replace("    return work(n)\n", f"{body}\n    return n\n").replace(
        "@pipeline", "@step\ndef add(a: int, b: int) -> int:\n    return a + b\n\n\n@pipeline"
    )
    _, report = build(read(source, tmp_path))
    assert [f.code for f in report if f.code == "PC406"] == ["PC406"]
