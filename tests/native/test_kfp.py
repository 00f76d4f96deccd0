"""The Kubeflow Pipelines backend: what its YAML says where no local runner can show it, and what survives its runner."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec import api
from pipec.backends.kfp import KfpBackend
from pipec.backends.kfp.emit import document
from pipec.compiler import frontend, passes
from pipec.compiler.backend import Bundle
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import Pipeline

IMPORTS = "from pipec import GPU, Cache, Retry, Secret, pipeline, step\n"


def compiled(tmp_path: Path, source: str) -> tuple[Pipeline, Bundle, Report]:
    """The only pipeline of a module."""
    file = tmp_path / "module.py"
    file.write_text(IMPORTS + source, encoding="utf-8")
    report = Report()
    (pipeline,) = frontend.read(file, root=tmp_path, site=Site(), report=report)
    bundle = KfpBackend().build(passes.run(pipeline, report), Site(), report)
    assert bundle is not None, list(report)
    return pipeline, bundle, report


def documents(tmp_path: Path, source: str) -> list[Any]:
    """The documents of the YAML file."""
    _, bundle, _ = compiled(tmp_path, source)
    return list(yaml.safe_load_all(bundle.files[bundle.main]))


def step_with(settings: str) -> str:
    """A pipeline of one step with these settings."""
    return f"@step({settings})\ndef work(n: int) -> int:\n    return n\n\n@pipeline\ndef p(n: int = 1) -> int:\n    return work(n)\n"


def executor(tmp_path: Path, settings: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The container of the step, and what the platform document says about it."""
    first, *more = documents(tmp_path, step_with(settings))
    platform = more[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-work"] if more else {}
    _strict(first, more)
    return first["deploymentSpec"]["executors"]["exec-work"]["container"], platform


def _strict(first: dict[str, Any], more: list[dict[str, Any]]) -> None:
    json_format = pytest.importorskip("google.protobuf.json_format")
    spec = pytest.importorskip("kfp.pipeline_spec.pipeline_spec_pb2")
    kubernetes = pytest.importorskip("kfp.kubernetes.kubernetes_executor_config_pb2")
    json_format.ParseDict(first, spec.PipelineSpec())
    json_format.ParseDict(first["deploymentSpec"], spec.PipelineDeploymentConfig())
    for platform in more:
        json_format.ParseDict(platform, spec.PlatformSpec())
        executors = platform["platforms"]["kubernetes"].get("deploymentSpec", {}).get("executors", {})
        for config in executors.values():
            json_format.ParseDict(config, kubernetes.KubernetesExecutorConfig())


def test_resources(tmp_path: Path) -> None:
    container, _ = executor(tmp_path, 'cpu="500m", cpu_limit=2, memory="1.5Gi", memory_limit="16GB"')
    assert container["resources"] == {
        "cpuLimit": 2.0,
        "cpuRequest": 0.5,
        "memoryLimit": 16.0,
        "memoryRequest": 1.610612736,
        "resourceCpuLimit": "2",
        "resourceCpuRequest": "500m",
        "resourceMemoryLimit": "15625000Ki",
        "resourceMemoryRequest": "1536Mi",
    }


def test_gpu(tmp_path: Path) -> None:
    container, _ = executor(tmp_path, "gpu=2")
    accelerator = container["resources"]["accelerator"]
    assert accelerator == {
        "count": "2", "type": "nvidia.com/gpu", "resourceCount": "2", "resourceType": "nvidia.com/gpu",
    }  # fmt: skip


def test_shared_memory(tmp_path: Path) -> None:
    _, platform = executor(tmp_path, 'shm="1Gi"')
    mount = {"volumeName": "shm", "mountPath": "/dev/shm", "medium": "Memory", "sizeLimit": "1Gi"}  # noqa: S108
    assert platform == {"emptyDirMounts": [mount]}


def test_retries(tmp_path: Path) -> None:
    _, bundle, report = compiled(tmp_path, step_with('retries=Retry(3, delay="30s", backoff=2.5, max_delay="10m")'))
    (first,) = yaml.safe_load_all(bundle.files[bundle.main])
    assert first["root"]["dag"]["tasks"]["work"]["retryPolicy"] == {
        "maxRetryCount": 3, "backoffDuration": "30s", "backoffFactor": 3.0, "backoffMaxDuration": "2592000s",
    }  # fmt: skip
    assert {"PC402", "PC404"} <= {finding.code for finding in report}


def test_timeout(tmp_path: Path) -> None:
    _, platform = executor(tmp_path, 'timeout="2h"')
    assert platform == {"activeDeadlineSeconds": "7200"}


def test_timeout_of_a_run(tmp_path: Path) -> None:
    source = step_with("").replace("@pipeline", '@pipeline(timeout="1h")')
    _, platform = documents(tmp_path, source)
    assert platform["platforms"]["kubernetes"] == {"pipelineConfig": {"activeDeadlineSeconds": "3600"}}


def test_packages(tmp_path: Path) -> None:
    container, _ = executor(tmp_path, 'packages=["pandas>=2", "numpy==2.1"], image="python:3.13"')
    command = container["command"]
    assert container["image"] == "python:3.13"
    assert command[:2] == ["sh", "-c"] and "pip install" in command[2] and "'pandas>=2' 'numpy==2.1'" in command[2]
    assert command[3:5] == ["sh", "-ec"]


def test_secrets(tmp_path: Path) -> None:
    _, platform = executor(
        tmp_path, 'secrets={"HF_TOKEN": Secret("hf", key="token"), "HF_USER": Secret("hf", key="user")}'
    )
    (secret,) = platform["secretAsEnv"]
    assert secret["secretName"] == "hf"  # noqa: S105
    assert secret["keyToEnv"] == [
        {"secretKey": "token", "envVar": "HF_TOKEN"},
        {"secretKey": "user", "envVar": "HF_USER"},
    ]


def test_placement(tmp_path: Path) -> None:
    _, platform = executor(
        tmp_path,
        'node_selector={"disk": "ssd"}, tolerations=[{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}], '
        'labels={"team": "ml"}, annotations={"note": "x"}',
    )
    assert platform == {
        "nodeSelector": {"labels": {"disk": "ssd"}},
        "podMetadata": {"annotations": {"note": "x"}, "labels": {"team": "ml"}},
        "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
    }


NATIVE = """{
    "configMapAsEnv": [{"configMapName": "cm", "keyToEnv": [{"configMapKey": "k", "envVar": "V"}]}],
    "configMapAsVolume": [{"configMapName": "cm", "mountPath": "/cm"}],
    "fieldPathAsEnv": [{"name": "POD", "fieldPath": "metadata.name"}],
    "genericEphemeralVolume": [
        {"volumeName": "scratch", "mountPath": "/scratch", "accessModes": ["ReadWriteOnce"], "size": "10Gi"}
    ],
    "imagePullPolicy": "Always",
    "imagePullSecret": [{"secretName": "registry"}],
    "nodeAffinity": [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}], "weight": 10}],
    "pvcMount": [{"pvcName": "data", "mountPath": "/data", "subPath": "raw"}],
    "secretAsVolume": [{"secretName": "certs", "mountPath": "/certs", "optional": True}],
    "securityContext": {"runAsUser": 1000, "runAsNonRoot": True},
}"""


def test_native_settings(tmp_path: Path) -> None:
    """All of them are what the SDK of Kubernetes settings writes, and the protobuf takes them."""
    _, platform = executor(tmp_path, f'targets={{"kfp": {NATIVE}}}, timeout="1h"')
    assert platform["activeDeadlineSeconds"] == "3600"
    assert platform["pvcMount"] == [
        {"mountPath": "/data", "subPath": "raw", "pvcNameParameter": {"runtimeValue": {"constant": "data"}}}
    ]
    assert platform["imagePullSecret"] == [{"secretNameParameter": {"runtimeValue": {"constant": "registry"}}}]
    assert platform["securityContext"] == {"runAsUser": "1000", "runAsNonRoot": True}
    assert len(platform) == 11
    source = step_with("").replace("@pipeline", '@pipeline(targets={"kfp": {"defaultPipelineRoot": "gs://b/root"}})')
    assert documents(tmp_path, source)[0]["defaultPipelineRoot"] == "gs://b/root"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ('{"imagePullPolicie": "Always"}', "there is no 'imagePullPolicie'; did you mean 'imagePullPolicy'?"),
        ('{"imagePullPolicy": "Sometimes"}', "imagePullPolicy: input should be 'Always', 'IfNotPresent' or 'Never'"),
        ('{"pvcMount": [{"mountPath": "/data"}]}', "pvcMount.0: value error, needs one of"),
        ('{"nodeSelector": {"labels": {}}}', "'nodeSelector' is what pipec makes of `node_selector`; use that"),
    ],
)
def test_native_settings_that_kfp_does_not_take_are_refused(tmp_path: Path, given: str, told: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(told)):
        documents(tmp_path, step_with(f'targets={{"kfp": {given}}}'))


def test_native_settings_that_an_older_server_does_not_know_are_refused(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(IMPORTS + step_with(f'targets={{"kfp": {NATIVE}}}'), encoding="utf-8")
    for version, told in (("2.14", ["securityContext", "pvcMount.subPath"]), ("2.17", [])):
        workspace = api.Workspace(versions={"kfp": version})
        api.build([str(tmp_path / "module.py")], ["kfp"], workspace)
        errors = [s.finding.message for s in workspace.shown() if s.finding.severity == "error"]
        assert len(errors) == len(told) and all(name in message for name, message in zip(told, errors))


def test_owner_is_left_out(tmp_path: Path) -> None:
    _, bundle, report = compiled(tmp_path, step_with("").replace("@pipeline", '@pipeline(owner="ml-platform")'))
    assert "ml-platform" not in bundle.files[bundle.main]
    assert any(f.code == "PC402" and "owner" in f.message for f in report)


def test_caching_is_off_unless_declared(tmp_path: Path) -> None:
    source = step_with("cache=True") + "\n\n@step\ndef plain(n: int) -> int:\n    return n\n"
    (first,) = documents(tmp_path, source.replace("return work(n)\n", "return work(plain(n))\n"))
    tasks = first["root"]["dag"]["tasks"]
    assert tasks["work"]["cachingOptions"] == {"enableCache": True}
    assert tasks["plain"]["cachingOptions"] == {}


def test_calls_of_a_step_share_its_component(tmp_path: Path) -> None:
    source = step_with("").replace("return work(n)", "return work(work(work(n)))")
    (first,) = documents(tmp_path, source)
    assert list(first["components"]) == ["comp-work"]
    assert len(first["root"]["dag"]["tasks"]) == 3


HOSTILE = "{{$}} {{$.inputs.parameters['x']}} {{workflow.name}} $(HOME) $$(X) python3 it's \"q\" \\ \n\t\r\u2028 \U0001f600 \ud800 \x7f"


@pytest.mark.parametrize(
    "value", [HOSTILE, "yes", "1e5", "0x1", " x ", "", "# no", "a: b", "- a", "\n a", "a\n\n", "|", "\u00e9"]
)
def test_yaml_gives_back_what_was_written(value: str) -> None:
    data = {"a": value, "b": [value, {"c": value}, [], {}], "d": {value or "k": 1.5e-7, "n": 2**60, "t": True}}
    if "\ud800" not in value:  # no YAML reader takes half a surrogate pair
        assert yaml.safe_load(document(data)) == data


def test_build_does_not_import_kfp(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from tests.native.test_kfp import compiled, step_with\n"
        "compiled(Path(sys.argv[1]), step_with('retries=1'))\n"
        "assert not {m for m in sys.modules if m.partition('.')[0] in ('kfp', 'jinja2')}, sys.modules\n"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", code, str(tmp_path), root], check=True)


# --- on kfp.local -------------------------------------------------------------------------------------------------------


def run(tmp_path: Path, source: str, params: dict[str, object] | None = None) -> tuple[Any, list[Any], str | None]:
    """The result, the events and the error of a run by the runner process."""
    pytest.importorskip("kfp.local")
    from pipec.compiler.backend.protocol import RunRequest

    pipeline, bundle, _ = compiled(tmp_path, source)
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "bundle").mkdir()
    for name, text in bundle.files.items():
        (tmp_path / "bundle" / name).write_text(text, encoding="utf-8")
    (tmp_path / "ir.json").write_text(pipeline_json(tmp_path, pipeline), encoding="utf-8")
    request = RunRequest(
        target="kfp", pipeline=str(tmp_path / "ir.json"), bundle=str(tmp_path / "bundle"), main=bundle.main,
        source_root=str(tmp_path), source_file=str(tmp_path / "module.py"), params=repr(params or {}), workdir=str(work),
        result=str(tmp_path / "result.json"),
    )  # fmt: skip
    import os

    read, write = os.pipe()
    environment = {**os.environ, "PIPEC_EVENTS_FD": str(write)}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipec.backends.kfp.runner"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        pass_fds=[write], env=environment, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    os.close(write)
    process.communicate((request.model_dump_json() + "\n").encode(), timeout=120)
    with os.fdopen(read, encoding="utf-8") as events:
        told = [json.loads(line) for line in events]
    done = told[-1]
    assert done["kind"] == "done" and not done["fault"], done
    saved = tmp_path / "result.json"
    result = json.loads(saved.read_text(encoding="utf-8"))["json"] if done["status"] == "succeeded" else None
    return result, told, done["error"]


def pipeline_json(tmp_path: Path, pipeline: Pipeline) -> str:
    """The IR as the runner gets it."""
    return passes.run(pipeline, Report()).model_dump_json()


def test_what_looks_like_a_placeholder_survives(tmp_path: Path) -> None:
    hostile = HOSTILE.replace("\r", "")
    source = (
        f"@step(env={{'HOME_OF': 'x'}})\ndef back(given: str, fixed: str) -> list[str]:\n"
        f"    return [given, fixed, {hostile!r}]\n\n"
        f"@pipeline\ndef p(given: str = 'x'):\n    return back(given, {hostile!r})\n"
    )
    shown = hostile.replace("\ud800", "")
    result, _, error = run(tmp_path, source, {"given": shown})
    assert error is None
    assert result == [shown, hostile, hostile]


def test_time_limit_ends_an_attempt(tmp_path: Path) -> None:
    source = (
        "import time\n\n@step(timeout='1s', retries=1)\ndef slow(n: int) -> int:\n    time.sleep(60)\n    return n\n\n"
        "@pipeline\ndef p(n: int = 1) -> int:\n    return slow(n)\n"
    )
    _, events, error = run(tmp_path, source)
    assert error is not None and "time limit of 1 second" in error
    assert [e["attempts"] for e in events if e["kind"] == "step" and e["status"] == "failed"] == [2]


def test_failure_names_the_step_and_shows_its_traceback(tmp_path: Path) -> None:
    source = (
        "@step\ndef broken(n: int) -> int:\n    print('so far')\n    raise LookupError(f'no {n}')\n\n"
        "@pipeline\ndef p(n: int = 1) -> int:\n    return broken(n)\n"
    )
    _, events, error = run(tmp_path, source)
    assert error is not None and "LookupError: no 1" in error and "raise LookupError" in error and "kfp.local" in error
    assert any(e["kind"] == "log" and e["text"] == "so far" and e["task"] == "broken" for e in events)


def test_values_that_the_body_looks_into_are_bounded(tmp_path: Path) -> None:
    source = (
        "@step\ndef many(n: int) -> list:\n    return ['x' * 1000] * n\n\n@step\ndef count(xs: list, k: int) -> int:\n"
        "    return len(xs) + k\n\n@pipeline\ndef p(n: int = 10, look: bool = True) -> int:\n"
        "    xs = many(n)\n    ys = many(n)\n    return count(xs, len(ys))\n"
    )
    assert run(tmp_path, source)[0] == 20
    (tmp_path / "again").mkdir()
    _, _, error = run(tmp_path / "again", source, {"n": 500})
    assert error is not None and "at most 65536" in error


def test_a_library_in_the_default_image_is_a_warning(tmp_path: Path) -> None:
    """The default image is a bare Python: on a cluster the import would fail."""
    source = """
import numpy

@step
def draw(n: int) -> list:
    return list(numpy.zeros(n))

@pipeline
def p(n: int = 3) -> list:
    return draw(n)
"""
    pipeline, _, report = compiled(tmp_path, source)
    assert "PC304" in [f.code for f in report]
    other = Report()
    KfpBackend().build(pipeline, Site(image="registry.example.com/ml:1"), other)
    assert "PC304" not in [f.code for f in other]
    _, _, named = compiled(tmp_path, source.replace("@step", '@step(packages=["numpy==2.3.0"])'))
    assert "PC304" not in [f.code for f in named]


def test_a_killed_step_is_not_caught(tmp_path: Path) -> None:
    """Out of memory, or evicted: nothing in the container can hand out a message any more."""
    source = (
        "import os\nimport signal\n\n@step\ndef dies(n: int) -> int:\n    os.kill(os.getpid(), signal.SIGKILL)\n    return n\n\n"
        "@pipeline\ndef p(n: int = 1) -> int:\n    try:\n        found = dies(n)\n    except Exception:\n        found = -1\n"
        "    return found\n"
    )
    _, events, error = run(tmp_path, source)
    assert error is not None
    assert [e["status"] for e in events if e["kind"] == "step" and e["task"] == "dies"][-1] == "failed"
