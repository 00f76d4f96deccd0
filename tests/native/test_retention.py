"""`retention`: a rule for the bucket in which a target keeps the artifacts of the pipeline."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec import api
from pipec.compiler.diagnostics import Finding

SOURCE = """from pipec import Cache, pipeline, step


@step(%s)
def load(n: int) -> %s:
    return n


@step
def use(found: object) -> int:
    return 1


@pipeline(retention="%s")
def training(n: int = 2) -> int:
    return use(load(n))
"""


def built(
    folder: Path, target: str, project: str, retention: str = "30d", step: str = "", result: str = "object"
) -> tuple[dict[str, str], list[Finding]]:
    """The files, none where the pipeline is refused, and the findings other than information."""
    (folder / "pyproject.toml").write_text(f"[tool.pipec]\n{project}\n", encoding="utf-8")
    (folder / "pipeline.py").write_text(SOURCE % (step, result, retention), encoding="utf-8")
    workspace = api.Workspace()
    made = api.build([str(folder / "pipeline.py")], [target], workspace)
    findings = [shown.finding for shown in workspace.shown()]
    return (dict(made[0].bundle.files) if made else {}), [f for f in findings if f.severity != "info"]


def root(place: str) -> str:
    """The project's settings with a pipeline root of Kubeflow's."""
    return f'image = "ml:1"\n[tool.pipec.kfp]\ndefaultPipelineRoot = "{place}"'


def taken_by_amazon(text: str) -> dict[str, Any]:
    """The only rule of a file, once the client of S3 has found nothing wrong with it."""
    session = pytest.importorskip("botocore.session").Session()
    validator = pytest.importorskip("botocore.validate").ParamValidator()
    model = session.get_service_model("s3").operation_model("PutBucketLifecycleConfiguration")
    arguments = {"Bucket": "bucket", "LifecycleConfiguration": json.loads(text)}
    problems = validator.validate(arguments, model.input_shape)
    assert not problems.has_errors(), problems.generate_report()
    (rule,) = json.loads(text)["Rules"]
    return dict(rule)


def test_airflow(tmp_path: Path) -> None:
    """What is below the artifact root and the id of the DAG is removed, in S3's words."""
    files, findings = built(tmp_path, "airflow", 'artifact_root = "s3://bucket/team/artifacts/"')
    assert set(files) == {"training.py", "training.lifecycle.json"} and not findings
    rule = taken_by_amazon(files["training.lifecycle.json"])
    assert rule["Filter"] == {"Prefix": "team/artifacts/training/"} and rule["Expiration"] == {"Days": 30}
    assert rule["Status"] == "Enabled" and rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert 'dag_id="training"' in files["training.py"]
    assert "folder = ARTIFACTS / ti.dag_id / ti.run_id / " in files["training.py"]


def test_google(tmp_path: Path) -> None:
    files, findings = built(tmp_path, "airflow", 'artifact_root = "gs://bucket"')
    (rule,) = json.loads(files["training.lifecycle.json"])["lifecycle"]["rule"]
    known = pytest.importorskip("google.cloud.storage.bucket").LifecycleRuleDelete
    assert known.from_api_repr(rule) == {
        "action": {"type": "Delete"}, "condition": {"age": 30, "matchesPrefix": ["training/"]},
    }  # fmt: skip
    assert not findings


@pytest.mark.parametrize("scheme", ["s3", "minio"])
def test_kubeflow(tmp_path: Path, scheme: str) -> None:
    """What is below the pipeline root and the name of the pipeline; a query is no part of the place."""
    files, findings = built(tmp_path, "kfp", root(f"{scheme}://bucket/v2/artifacts?region=eu"))
    assert set(files) == {"training.yaml", "training.lifecycle.json"} and not findings
    rule = taken_by_amazon(files["training.lifecycle.json"])
    spec = yaml.safe_load(files["training.yaml"])
    assert rule["Filter"] == {"Prefix": f"v2/artifacts/{spec['pipelineInfo']['name']}/"}


@pytest.mark.parametrize("target", ["kfp", "airflow"])
def test_a_pipeline_that_is_called_otherwise_on_the_target(tmp_path: Path, target: str, monkeypatch: Any) -> None:
    """The rule is about the folder that the target itself writes to, whatever the pipeline's name."""
    monkeypatch.setitem(globals(), "SOURCE", SOURCE.replace("@pipeline(", '@pipeline(name="Nightly run_of/a", '))
    project = root("s3://bucket/x") if target == "kfp" else 'artifact_root = "s3://bucket/x"'
    files, findings = built(tmp_path, target, project)
    assert not findings
    (main, rule) = sorted(files, key=lambda f: "lifecycle" in f)
    asked = taken_by_amazon(files[rule])["Filter"]["Prefix"]
    if target == "kfp":
        assert asked == f"x/{yaml.safe_load(files[main])['pipelineInfo']['name']}/" == "x/nightly-run-of-a/"
    else:
        assert 'dag_id="Nightly_run_of_a"' in files[main] and asked == "x/Nightly_run_of_a/"


def test_whole_days(tmp_path: Path) -> None:
    """A bucket counts them, so that other times are rounded up, and named."""
    files, findings = built(tmp_path, "airflow", 'artifact_root = "s3://bucket"', retention="36h")
    assert taken_by_amazon(files["training.lifecycle.json"])["Expiration"] == {"Days": 2}
    (finding,) = findings
    assert (finding.code, finding.span.line) == ("PC404", 14) and "36 hours become 2 days" in finding.message


@pytest.mark.orchestrator
def test_metaflow_does_not_write_anew_what_is_there(tmp_path: Path) -> None:
    """So that an artifact of today's run may be as old as the first one that was equal: no age tells whose it is."""
    from metaflow.datastore.content_addressed_store import ContentAddressedStore
    from metaflow.plugins.datastores.local_storage import LocalStorage

    store = ContentAddressedStore("training/data", LocalStorage(str(tmp_path)))
    (first,) = store.save_blobs(iter([b"equal"]))
    (file,) = (path for path in (tmp_path / "training" / "data").rglob(first.key) if path.is_file())
    os.utime(file, (0, 0))
    (again,) = store.save_blobs(iter([b"equal"]))
    assert (again.key, file.stat().st_mtime) == (first.key, 0)


@pytest.mark.parametrize(
    ("target", "project", "words"),
    [
        ("airflow", "", "`artifact_root` of `[tool.pipec]` names no bucket"),
        ("airflow", 'artifact_root = "file:///data"', "is 'file:///data', and no bucket"),
        ("kfp", "", "of the pipeline, or of the project, names no bucket"),
        ("metaflow", "", "keeps equal artifacts once"),
    ],
)
def test_without_a_bucket(tmp_path: Path, target: str, project: str, words: str) -> None:
    """It is refused where it is written, and the message says what to set."""
    files, findings = built(tmp_path, target, f'image = "ml:1"\n{project}')
    (refused,) = (f for f in findings if f.severity == "error")
    assert not files and refused.span.line == 14
    assert words in f"{refused.message} {refused.help}"


@pytest.mark.parametrize(("cache", "result", "fine"), [
    ("True", "object", False), ('"30d"', "object", False), ('"29d"', "object", True), ("True", "int", True),
])  # fmt: skip
def test_caches_of_kubeflow(tmp_path: Path, cache: str, result: str, fine: bool) -> None:
    """A server hands out what it knows of, also where the bucket has removed the file; values it keeps itself."""
    files, findings = built(tmp_path, "kfp", root("gs://bucket"), step=f"cache={cache}", result=result)
    assert bool(files) is fine
    assert [(f.code, f.span.line) for f in findings] == ([] if fine else [("PC407", 4)])


@pytest.mark.parametrize(("cache", "result", "told"), [
    ("True", "object", True), ('"90d"', "object", True), ('"7d"', "object", False), ("True", "int", False),
])  # fmt: skip
def test_caches_of_airflow(tmp_path: Path, cache: str, result: str, told: bool) -> None:
    """An entry whose files are gone counts as none there, which cuts the time short; values lie in the entry."""
    project = 'artifact_root = "s3://bucket"'
    files, findings = built(tmp_path, "airflow", project, step=f"cache={cache}", result=result)
    assert files and [(f.code, f.span.line) for f in findings] == ([("PC404", 4)] if told else [])
