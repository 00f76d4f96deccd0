"""What the user interface reads of a run: the metadata of artifacts, as kfp.local gets it from the programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.native.test_kfp import documents, run


def shown(tmp_path: Path, body: str) -> tuple[dict[str, Any], str | None]:
    """Output artifact -> its metadata, of the step `work(n)` whose result nobody reads; and the error of the run."""
    head = "" if "@step" in body else "from pipec import Metrics\n\n@step\n"
    source = f"{head}{body}\n\n@pipeline\ndef p(n: int = 1) -> None:\n    work(n)\n"
    _, _, error = run(tmp_path, source)
    found: dict[str, Any] = {}
    for file in (tmp_path / "work").rglob("executor_output.json"):
        artifacts = json.loads(file.read_text(encoding="utf-8")).get("artifacts", {})
        found |= {name: given["artifacts"][0]["metadata"] for name, given in artifacts.items()}
    return found, error


def test_metrics_are_metadata(tmp_path: Path) -> None:
    body = 'def work(n: int) -> Metrics:\n    return {"accuracy": 0.5, "seen": n, "kind": "a"}\n'
    assert shown(tmp_path, body) == ({"Output-metrics": {"accuracy": 0.5, "seen": 1}}, None)


def test_metrics_that_are_none_show_nothing(tmp_path: Path) -> None:
    body = "def work(n: int) -> Metrics | None:\n    return None\n"
    assert shown(tmp_path, body) == ({"Output-metrics": {}}, None)


MATRIX = {"annotationSpecs": [{"displayName": "cat"}], "rows": [{"row": [5]}]}
POINTS = [{"confidenceThreshold": 0.5, "falsePositiveRate": 0, "recall": 1.0}]
CLASSIFICATION = f"""from pipec import ClassificationMetrics

def made(n: int) -> ClassificationMetrics:
    return {{"confusionMatrix": {MATRIX}, "confidenceMetrics": {POINTS}, "kind": "x"}}

@step
def work(n: int) -> ClassificationMetrics:
    return made(n)
"""


def test_classification_metrics_are_metadata(tmp_path: Path) -> None:
    """In the shape of `kfp.dsl.ClassificationMetrics`, which the server's user interface reads."""
    dsl = pytest.importorskip("kfp.dsl")
    logged = dsl.ClassificationMetrics()
    logged.log_confusion_matrix(["cat"], [[5]])
    logged.log_roc_curve([0], [1.0], [0.5])
    found, error = shown(tmp_path, CLASSIFICATION)
    assert error is None and found == {"Output": {**logged.metadata, "kind": "x"}}


def test_classification_metrics_have_their_type(tmp_path: Path) -> None:
    """Where the pipeline looks into them too, and so takes them as a parameter."""
    for name, call in (("Output", "work(n)"), ("Output-metrics", 'return len(work(n)["kind"])')):
        (spec,) = documents(tmp_path, f"{CLASSIFICATION}\n@pipeline\ndef p(n: int = 1):\n    {call}\n")
        artifacts = spec["components"]["comp-work"]["outputDefinitions"]["artifacts"]
        assert artifacts[name]["artifactType"]["schemaTitle"] == "system.ClassificationMetrics"
