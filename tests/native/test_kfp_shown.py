"""What the user interface reads of a run: the metadata of artifacts, as kfp.local gets it from the programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.native.test_kfp import run


def shown(tmp_path: Path, body: str) -> tuple[dict[str, Any], str | None]:
    """Output artifact -> its metadata, of the step `work(n)` whose result nobody reads; and the error of the run."""
    source = f"from pipec import Metrics\n\n@step\n{body}\n\n@pipeline\ndef p(n: int = 1) -> None:\n    work(n)\n"
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
