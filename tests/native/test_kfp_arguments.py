"""Settings that only the run knows: what the server is told, by the rules of its driver."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec import api
from tests.support.discovery import ROOT

PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.parameters\['(.+?)'\]\}\}")
HEAD = "from pipec import GPU, Argument, Secret, native, pipeline, run, step\n\n"


def test_the_server_finds_each_text() -> None:
    """Each placeholder is a STRING input of the component that every task of it gets: the driver takes texts alone."""
    file = ROOT / "tests/cases/settings_argument_run/built/kfp/settings_argument_run.yaml"
    spec, _ = yaml.safe_load_all(file.read_text(encoding="utf-8"))
    dags = [spec["root"], *(c for c in spec["components"].values() if "dag" in c)]
    tasks = [task for dag in dags for task in dag["dag"]["tasks"].values()]
    seen = 0
    for name, component in spec["components"].items():
        executor = spec["deploymentSpec"]["executors"].get(component.get("executorLabel"), {})
        for wanted in PLACEHOLDER.findall(str(executor.get("container", {}).get("resources", {}))):
            seen += 1
            assert component["inputDefinitions"]["parameters"][wanted]["parameterType"] == "STRING"
            for task in (t for t in tasks if t["componentRef"]["name"] == name):
                assert wanted in task["inputs"]["parameters"]
    assert seen >= 8


def problems(tmp_path: Path, step: str, call: str, parameters: str) -> list[str]:
    """The errors of a pipeline that calls a step."""
    body = f"{step}\n    return 1\n\n\n@pipeline\ndef main({parameters}) -> int:\n    return work({call})\n"
    (tmp_path / "pipeline.py").write_text(HEAD + body, encoding="utf-8")
    workspace = api.Workspace()
    api.build([str(tmp_path / "pipeline.py")], ["kfp"], workspace)
    found: list[Any] = [shown.finding for shown in workspace.shown()]
    return [f"{f.code} {f.message}" for f in found if f.severity == "error"]


@pytest.mark.parametrize(
    ("step", "call", "parameters", "reason"),
    [
        ('@step(gpu=Argument("g"))\ndef work(g: str) -> int:', "g", "g: str", "a number of devices is an `int`"),
        ('@step(memory=Argument("m"))\ndef work(m: str) -> int:', "m", 'm: str = "16GB"', "write '16G'"),
        ('@step(memory=Argument("m"))\ndef work(m: str) -> int:', "m", 'm: str = "much"', "no amount of memory"),
        ('@step(memory=Argument("m"))\ndef work(m: object) -> int:', "run.attempt", "", "before a task has its first"),
        ('@step(gpu=GPU(Argument("g")))\ndef work(g: str) -> int:', "g", "g: str", "Kubeflow takes constants there"),
        ('@step(env={"A": Argument("a")})\ndef work(a: str) -> int:', "a", "a: str", "Kubeflow takes constants there"),
    ],
)
def test_what_the_server_cannot_take(tmp_path: Path, step: str, call: str, parameters: str, reason: str) -> None:
    (message,) = problems(tmp_path, step, call, parameters)
    assert message.startswith("PC407") and reason in message
