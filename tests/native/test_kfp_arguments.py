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


OF_RUN = """
@step(targets={"kfp": {"nodeSelector": {"nodeSelectorJson": {"componentInputParameter": "selector"}},
                       "imagePullSecret": [{"secretNameParameter": {"componentInputParameter": "secret"}}],
                       "tolerations": [{"tolerationJson": {"componentInputParameter": "taints"}}]}})
def work(n: int) -> int:
    return n


@pipeline
def main(n: int = 1, selector: dict | None = None, secret: str | None = None, taints: list | None = None) -> int:
    return work(n)
"""


def of_run(tmp_path: Path, source: str, version: str = "2.17") -> tuple[list[Any], list[str]]:
    """The documents of a pipeline, and its errors."""
    (tmp_path / "pipeline.py").write_text(HEAD + source, encoding="utf-8")
    workspace = api.Workspace(versions={"kfp": version})
    made = api.build([str(tmp_path / "pipeline.py")], ["kfp"], workspace)
    found: list[Any] = [shown.finding for shown in workspace.shown()]
    errors = [f"{f.code} {f.message}" for f in found if f.severity == "error"]
    return list(yaml.safe_load_all(next(iter(made[0].bundle.files.values())))) if made else [], errors


def test_what_settings_alone_read_has_the_types_of_the_server(tmp_path: Path) -> None:
    (spec, platform), errors = of_run(tmp_path, OF_RUN)
    assert errors == []
    inputs = spec["root"]["inputDefinitions"]["parameters"]
    found = {name: (p["parameterType"], p.get("isOptional"), "defaultValue" in p) for name, p in inputs.items()}
    assert found == {
        "n": ("STRING", True, True), "selector": ("STRUCT", True, False), "secret": ("STRING", True, False),
        "taints": ("LIST", True, False),
    }  # fmt: skip
    (executor,) = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    assert executor == {
        "nodeSelector": {"nodeSelectorJson": {"componentInputParameter": "selector"}},
        "imagePullSecret": [{"secretNameParameter": {"componentInputParameter": "secret"}}],
        "tolerations": [{"tolerationJson": {"componentInputParameter": "taints"}}],
    }


@pytest.mark.parametrize(
    ("old", "new", "version", "reason"),
    [
        ("selector: dict | None", "selector: list | None", "2.17", "'selector' is no parameter `dict | None = None`"),
        ("work(n)", "work(n) + len(selector)", "2.17", "'selector' is no parameter `dict | None = None`"),
        ("work(n)", "work(n) + len(secret)", "2.17", "'secret' is no `str` parameter"),
        ("@step(", '@step(node_selector={"a": "b"}, ', "2.17", "instead of the others of the step"),
        ("-> int:\n    return n", "-> int:\n    return n", "2.14", "may be missing needs Kubeflow Pipelines 2.15"),
    ],
)
def test_what_the_server_cannot_take_of_a_run(tmp_path: Path, old: str, new: str, version: str, reason: str) -> None:
    assert old in OF_RUN
    _, errors = of_run(tmp_path, OF_RUN.replace(old, new), version)
    assert errors and any(reason in error for error in errors), errors


CAUGHT = """
def size_of(n: int) -> str:
    return f"{n}Gi"


@step(memory=Argument("memory"))
def work(memory: str | None) -> int:
    return 1


@pipeline
def main(n: int = 1) -> int:
    try:
        size = size_of(n)
    except Exception:
        size = None
    return work(size)
"""


def test_what_was_caught_gives_no_text(tmp_path: Path) -> None:
    """A small task makes the text of what the branch gives, and none of `None`: the server starts no such task."""
    (spec, *_), errors = of_run(tmp_path, CAUGHT)
    assert errors == []
    programs = {name: str(e.get("container")) for name, e in spec["deploymentSpec"]["executors"].items()}
    assert "Output-text" not in programs["exec-size-of"]
    assert 'kfp_result(task, "memory", kfp_setting(size' in programs["exec-settings-of-work"]
