"""Metaflow on AWS Batch: what its deployer to Step Functions makes of the settings."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipec.compiler.site import Site
from pipec.ir import (
    Accelerator,
    Pipeline,
    PipelinePolicy,
    Placement,
    Resources,
    Retry,
    Schedule,
    SecretRef,
    TaskPolicy,
)
from tests.native.test_metaflow import BASE, build, execute, read, with_policy
from tests.support.discovery import ROOT
from tests.support.fake_aws import fake_aws

ON_BATCH = {"metaflow": {"compute": "batch"}}
Deploy = Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]


def remote(address: str) -> dict[str, str]:
    """What tells Metaflow of its datastore, its queue and its roles."""
    return {
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address, "METAFLOW_DEFAULT_DATASTORE": "s3", "METAFLOW_S3_ENDPOINT_URL": address,
        "METAFLOW_DATASTORE_SYSROOT_S3": "s3://bucket/metaflow", "METAFLOW_BATCH_JOB_QUEUE": "usual",
        "METAFLOW_ECS_S3_ACCESS_IAM_ROLE": "job-role", "METAFLOW_SFN_IAM_ROLE": "arn:aws:iam::1:role/states",
        "METAFLOW_EVENTS_SFN_ACCESS_IAM_ROLE": "arn:aws:iam::1:role/events", "METAFLOW_SFN_DYNAMO_DB_TABLE": "table",
        "METAFLOW_BATCH_EMIT_TAGS": "1", "METAFLOW_ECS_FARGATE_EXECUTION_ROLE": "runs-tasks",
    }  # fmt: skip


def create(text: str, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    return execute(text, folder, "step-functions", "create", "--only-json", **remote(address))


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Deploy]:
    """The states that Step Functions would get for a flow, by name, and the job definitions that Batch gets."""
    pytest.importorskip("boto3")

    def compile_(text: str, machines: str = "EC2") -> tuple[dict[str, Any], list[dict[str, Any]]]:
        with fake_aws(machines) as (address, definitions):
            done = create(text, tmp_path, address)
            assert done.returncode == 0, done.stdout + done.stderr
            return json.loads(done.stdout)["States"], definitions

    yield compile_


def on_batch(folder: Path, policy: TaskPolicy, **component: Any) -> Pipeline:
    """A pipeline of one step with the policy, for a site with AWS Batch."""
    pipeline = with_policy(read(BASE, folder), policy, **component)
    return pipeline.model_copy(update={"policy": PipelinePolicy(extensions=ON_BATCH)})


def resources(state: dict[str, Any]) -> dict[str, str]:
    asked = state["Parameters"]["ContainerOverrides"]["ResourceRequirements"]
    return {one["Type"]: one["Value"] for one in asked}


def variables(state: dict[str, Any]) -> dict[str, str]:
    return {v["Name"]: v.get("Value", "") for v in state["Parameters"]["ContainerOverrides"]["Environment"]}


@pytest.mark.orchestrator
def test_settings_reach_the_state_machine(tmp_path: Path, deploy: Deploy) -> None:
    policy = TaskPolicy(
        resources=Resources(cpu=4000, memory=2 * 2**30, memory_limit=3 * 2**30, shm=64 * 2**20),
        accelerator=Accelerator(count=2), retry=Retry(limit=2), timeout=7200, env={"MODE": "fast"},
        placement=Placement(queue="gpus", labels={"team": "ml"}),
    )  # fmt: skip
    text, report = build(on_batch(tmp_path, policy, image="registry.example.com/work:3"))
    assert [f.code for f in report if f.severity != "info"] == ["PC404"], "the request becomes the limit"
    assert "kubernetes" not in text and "resources(" not in text
    states, definitions = deploy(text)
    state = states["work"]
    assert resources(state) == {"VCPU": "4", "MEMORY": "3072", "GPU": "2"}
    assert state["Parameters"]["JobQueue"] == "gpus" and state["Parameters"]["Tags"]["team"] == "ml"
    assert state["Parameters"]["RetryStrategy"]["Attempts"] == 3
    assert state["Parameters"]["Timeout"]["AttemptDurationSeconds"] == 7200
    assert variables(state)["MODE"] == "fast"
    (own,) = (d["containerProperties"] for d in definitions if "work" in d["containerProperties"]["image"])
    assert own["image"] == "registry.example.com/work:3" and own["linuxParameters"]["sharedMemorySize"] == 64
    done = execute(text, tmp_path, "run")
    assert done.returncode == 0, "the same flow runs without AWS: " + done.stdout + done.stderr


@pytest.mark.orchestrator
def test_the_case_is_deployed(deploy: Deploy) -> None:
    flow = ROOT / "tests" / "cases" / "settings_batch" / "built" / "metaflow" / "settings_batch_flow.py"
    lines = flow.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if "@pypi_on_cluster" not in line)  # would look for packages in an index
    states, definitions = deploy(text)
    assert resources(states["load"]) == {"VCPU": "2", "MEMORY": "8192"}
    (loop,) = (state for state in states.values() if state["Type"] == "Map")
    fit = loop["Iterator"]["States"]["fit"]
    assert resources(fit) == {"VCPU": "2", "MEMORY": "19074", "GPU": "1"}
    assert {d["containerProperties"]["jobRoleArn"] for d in definitions} == {"job-role", "publisher"}


NATIVE = {
    "iam_role": "own-role", "max_swap": 512, "swappiness": 10, "use_tmpfs": True, "tmpfs_size": 256, "efa": 1,
    "log_driver": "awslogs", "log_options": ["awslogs-group:jobs"], "host_volumes": ["/data"], "efs_volumes": ["fs-1"],
    "aws_batch_tags": {"cost": "42"}, "privileged": True,
}  # fmt: skip


@pytest.mark.orchestrator
def test_native_settings_reach_the_state_machine(tmp_path: Path, deploy: Deploy) -> None:
    policy = TaskPolicy(placement=Placement(labels={"team": "ml"}), extensions={"metaflow": {"batch": NATIVE}})
    text, report = build(on_batch(tmp_path, policy))
    assert not report.failed
    states, definitions = deploy(text)
    assert states["work"]["Parameters"]["Tags"].items() >= {"team": "ml", "cost": "42"}.items()
    (own,) = (d["containerProperties"] for d in definitions if d["containerProperties"]["jobRoleArn"] == "own-role")
    linux = own["linuxParameters"]
    assert (linux["maxSwap"], linux["swappiness"], linux["tmpfs"][0]["size"]) == (512, 10, 256)
    assert linux["devices"] == [{"hostPath": "/dev/infiniband/uverbs0"}] and own["privileged"]
    assert own["logConfiguration"] == {"logDriver": "awslogs", "options": {"awslogs-group": "jobs"}}
    assert "/data" in json.dumps(own["volumes"]) and "fs-1" in json.dumps(own["volumes"])
    _, report = build(on_batch(tmp_path, policy), Site(versions={"metaflow": "2.17"}))
    told = " ".join(f.message + f.help for f in report if f.severity == "error")
    assert "it needs Metaflow 2.18.1" in told and "labels of a step" in told, told
    policy = TaskPolicy(extensions={"metaflow": {"batch": {"privileged": True, "aws_batch_tags": {"cost": "42"}}}})
    _, report = build(on_batch(tmp_path, policy), Site(versions={"metaflow": "2.17"}))
    told = " ".join(f.message for f in report if f.severity == "error")
    assert "needs Metaflow 2.18.1" in told and "needs Metaflow 2.19.18" in told


@pytest.mark.orchestrator
def test_fargate_has_parts_of_a_cpu(tmp_path: Path, deploy: Deploy) -> None:
    native = {"execution_role": "runs-work", "ephemeral_storage": 40}
    policy = TaskPolicy(resources=Resources(cpu=500, memory=2**30), extensions={"metaflow": {"batch": native}})
    text, report = build(on_batch(tmp_path, policy))
    assert not [f for f in report if f.severity != "info"]
    states, definitions = deploy(text, "FARGATE")
    assert resources(states["work"]) == {"VCPU": "0.5", "MEMORY": "1024"}
    (own,) = (d["containerProperties"] for d in definitions if d["containerProperties"].get("ephemeralStorage"))
    assert own["ephemeralStorage"] == {"sizeInGiB": 40} and own["executionRoleArn"] == "runs-work"


@pytest.mark.orchestrator
def test_devices_of_aws_reach_the_state_machine(tmp_path: Path, deploy: Deploy) -> None:
    chips = Accelerator(count=2, resource="aws.amazon.com/neuron")
    text, report = build(on_batch(tmp_path, TaskPolicy(accelerator=chips)))
    assert not report.failed and "@on_batch(inferentia=2)" in text
    _, definitions = deploy(text)
    assert "/dev/neuron1" in json.dumps(definitions)
    for resource in ("amd.com/gpu", "google.com/tpu", "nvidia.com/mig-1g.5gb"):
        _, report = build(on_batch(tmp_path, TaskPolicy(accelerator=Accelerator(count=1, resource=resource))))
        assert [f.code for f in report if f.severity == "error"] == ["PC407"]


@pytest.mark.orchestrator
def test_secrets_are_variables_of_the_step(tmp_path: Path) -> None:
    """The keys of a secret of AWS Secrets Manager, with a remote datastore; a local run fetches none."""
    pytest.importorskip("boto3")
    source = BASE.replace("return n + 1", "print('the token is', os.environ.get('API_TOKEN'))\n    return n")
    source = source.replace("from pipec", "import os\n\nfrom pipec", 1)
    policy = TaskPolicy(secrets={"API_TOKEN": SecretRef(name="shop", key="API-TOKEN")})
    pipeline = with_policy(read(source, tmp_path), policy)
    text, report = build(pipeline.model_copy(update={"policy": PipelinePolicy(extensions=ON_BATCH)}))
    assert not report.failed
    with fake_aws() as (address, _):
        done = execute(text, tmp_path, "run", **remote(address))
        assert "the token is 42" in done.stdout, done.stdout + done.stderr
    assert "the token is None" in execute(text, tmp_path, "run").stdout
    other = TaskPolicy(secrets={"TOKEN": SecretRef(name="shop", key="API-TOKEN")})
    _, report = build(on_batch(tmp_path, other))
    assert ["would be called 'API_TOKEN'" in f.message for f in report if f.severity == "error"] == [True]


def test_switches_are_not_deployed(tmp_path: Path) -> None:
    """`run` takes them; with a schedule, which nothing would heed, they are refused."""
    shapes = {
        "branch": "    if work(n) > 2:\n        work(1)\n",
        "fan-out": "    xs = many(n)\n    [work(x) for x in xs]\n",
        "try": "    try:\n        x = work(n)\n    except Exception:\n        x = work(0)\n    work(x)\n",
    }
    for shape, body in shapes.items():
        source = BASE.replace("    return work(n)", body).replace('-> int:\n    "', '-> None:\n    "')
        source = source.replace("@pipeline", "@step\ndef many(n: int) -> list[int]:\n    return [n]\n\n\n@pipeline")
        pipeline = read(source, tmp_path)
        plain = pipeline.model_copy(update={"policy": PipelinePolicy(extensions=ON_BATCH)})
        text, report = build(plain)
        assert text, [f.message for f in report]
        assert ["`run` takes it" in f.message for f in report if f.code == "PC406"] == [True], shape
        timed = PipelinePolicy(extensions=ON_BATCH, schedule=Schedule(cron="0 4 * * *"))
        _, report = build(pipeline.model_copy(update={"policy": timed}))
        assert [f.code for f in report if f.severity == "error"] == ["PC407"], shape


@pytest.mark.orchestrator
def test_step_functions_deploys_no_switch(tmp_path: Path) -> None:
    """What the finding says, by Metaflow itself."""
    pytest.importorskip("boto3")
    flow = ROOT / "tests" / "cases" / "branch_if_else" / "built" / "metaflow" / "branch_if_else_flow.py"
    with fake_aws() as (address, _):
        done = create(flow.read_text(encoding="utf-8"), tmp_path, address)
    assert done.returncode != 0 and "switch statement" in done.stdout + done.stderr


def test_what_batch_has_no_word_for_is_named(tmp_path: Path) -> None:
    policy = TaskPolicy(
        resources=Resources(cpu=500, cpu_limit=1000, disk=10**9), retry=Retry(limit=1, delay=120), timeout=30,
        accelerator=Accelerator(name="a100", count=1, node_selector={"gpu": "a100"}), updates="s3://bucket/table/",
        placement=Placement(
            node_selector={"zone": "a"}, tolerations=({"key": "gpu", "operator": "Exists"},), priority=3,
            annotations={"note": "x"}, service_account="runner",
        ),
        extensions={"metaflow": {"kubernetes": {"qos": "Guaranteed"}}},
    )  # fmt: skip
    text, report = build(on_batch(tmp_path, policy))
    assert "@on_batch(cpu=1, gpu=1)" in text and "publish" not in text
    told = {f.feature for f in report if f.code == "PC402"}  # type: ignore[attr-defined]
    assert told == {
        "cpu_limit", "disk", "gpu.name", "retries.delay", "node_selector", "tolerations", "annotations",
        "service_account", "priority", "updates",
    }  # fmt: skip
    changed = sorted(f.setting for f in report if f.code == "PC404")  # type: ignore[attr-defined]
    assert changed == ["cpu", "targets", "timeout"]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"cron": "0 4 1 * 1"}, "day of the month together with a day of the week"),
        ({"cron": "0 4 * * *", "timezone": "Europe/Berlin"}, "counts in UTC"),
        ({"on_update": ("s3://bucket/table/",)}, "events of Argo Workflows alone"),
        ({"after": "other"}, "events of Argo Workflows alone"),
    ],
)
def test_schedules_that_step_functions_does_not_take_are_refused(
    tmp_path: Path, plan: dict[str, Any], told: str
) -> None:
    policy = PipelinePolicy(extensions=ON_BATCH, schedule=Schedule(**plan))
    _, report = build(read(BASE, tmp_path).model_copy(update={"policy": policy}))
    assert [told in f.message + f.help for f in report if f.severity == "error"] == [True]


@pytest.mark.parametrize(
    ("given", "of_step", "told"),
    [
        ({"compute": "bach"}, False, "'compute' is 'bach'; there are 'kubernetes' and 'batch'"),
        ({"compute": "batch"}, True, "'compute' is for a pipeline"),
        ({"batch": {"queue": "x"}}, True, "'queue' is what pipec makes of `queue`; use that"),
        ({"batch": {"swapiness": 1}}, True, "there is no 'swapiness'; did you mean 'swappiness'?"),
        ({"batch": {"efa": "1"}}, True, "'efa' is '1', which is no int"),
    ],
)
def test_native_settings_are_checked(tmp_path: Path, given: dict[str, Any], of_step: bool, told: str) -> None:
    own = TaskPolicy(extensions={"metaflow": given} if of_step else {})
    pipeline = with_policy(read(BASE, tmp_path), own)
    if not of_step:
        pipeline = pipeline.model_copy(update={"policy": PipelinePolicy(extensions={"metaflow": given})})
    _, report = build(pipeline)
    assert [told in f.message for f in report if f.severity == "error"] == [True]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"secrets": {"KEY": SecretRef(name="prod/shop", key="KEY")}}, []),
        ({"secrets": {"KEY": SecretRef(name="prod shop", key="KEY")}}, ["no secret can be called 'prod shop'"]),
        ({"placement": Placement(labels={"Cost center": "ML, team 3"})}, ["no tag can have 'ML, team 3'"]),
        ({"placement": Placement(labels={"Cost center": "ML team+3", "x" * 128: "y" * 256})}, []),
        (
            {"placement": Placement(labels={"aws:team": "", "x" * 129: "y" * 257})},
            ["aws:team", "''", "x" * 129, "y" * 257],
        ),
        ({"placement": Placement(labels={f"a{n}": "b" for n in range(51)})}, ["at most 50 tags"]),
    ],
)
def test_names_are_those_of_aws(tmp_path: Path, policy: dict[str, Any], told: list[str]) -> None:
    """What a cluster of Kubernetes takes for names is no rule there."""
    text, report = build(on_batch(tmp_path, TaskPolicy(**policy)))
    errors = [f.message for f in report if f.severity == "error"]
    assert len(errors) == len(told) and all(any(one in error for error in errors) for one in told)
    assert bool(text) != bool(told)


def test_tags_of_native_settings_are_checked(tmp_path: Path) -> None:
    given = TaskPolicy(extensions={"metaflow": {"batch": {"aws_batch_tags": {"a;b": "c"}}}})
    _, report = build(on_batch(tmp_path, given))
    assert ["no tag can have 'a;b'" in f.message for f in report if f.severity == "error"] == [True]
