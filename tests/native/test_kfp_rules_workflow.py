"""The small server's Argo workflows are those of the real one: same templates, same order, same conditions and hooks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.discovery import ROOT

pytest.importorskip("celpy", reason="the server's conditions need cel-python")

from tests.support.pipelinespec.errors import Refused
from tests.support.pipelinespec.server import load
from tests.support.pipelinespec.workflow import Compiler, Template, validate

CORPORA = [parent / "shared" / "corpora" / "kfp" for parent in ROOT.parents]
CORPUS = next((folder for folder in CORPORA if folder.is_dir()), CORPORA[0])
"""What the real compiler makes of upstream's pipelines; it lies beside the project, where it is there at all."""
SPECS = sorted(CORPUS.glob("argo/*.yaml"))
DRIVER = re.compile(r"\{\{tasks\.([\w-]+)\.outputs\.parameters\.condition\}\} != false")

Shape = dict[str, tuple[Any, list[tuple[Any, ...]]]]


def specs_of(argo: Path) -> list[Path]:
    """The specification that a golden was compiled from, and others of the same name from other folders upstream."""
    return [*CORPUS.glob(f"specs/{argo.name}"), *CORPUS.glob(f"specs/*__{argo.name}")]


def golden(argo: Path) -> Shape:
    """The DAG templates that the real compiler made."""
    templates = yaml.load(argo.read_text(encoding="utf-8"), yaml.CSafeLoader)["spec"]["templates"]
    return {
        t["name"]: (t.get("parallelism"), sorted(map(_task, t["dag"]["tasks"])))
        for t in templates
        if "dag" in t and "system-container-executor" not in t["name"]
    }


def _task(task: dict[str, Any]) -> tuple[Any, ...]:
    when = DRIVER.fullmatch(task.get("when", ""))
    hook = task.get("hooks", {}).get("exit", {}).get("template", "")
    depends = task.get("depends", "").replace(".Succeeded", "").split(" && ")
    return (task["name"], tuple(filter(None, depends)), when[1] if when else "", hook, "withSequence" in task)


def ours(templates: dict[str, Template]) -> Shape:
    """The same of the small server's."""
    return {
        t.name: (
            t.parallelism,
            sorted(
                (n.name, n.depends, n.driver if n.conditional else "", n.hook, n.work == "iterations") for n in t.nodes
            ),
        )
        for t in templates.values()
    }


@pytest.mark.skipif(not SPECS, reason="the corpus of compiled workflows is not there")
@pytest.mark.parametrize("argo", SPECS, ids=lambda path: path.stem)
def test_workflow_is_the_real_compilers(argo: Path) -> None:
    found = [ours(Compiler(load(file.read_text(encoding="utf-8"))[0]).templates) for file in specs_of(argo)]
    assert golden(argo) in found


def pipeline(tasks: dict[str, Any], **components: Any) -> dict[str, Any]:
    """A specification with these tasks; every task calls the container `comp-x` unless it says otherwise."""
    for name, task in tasks.items():
        task.setdefault("componentRef", {"name": "comp-x"})
        task.setdefault("taskInfo", {"name": name})
    container = {"image": "python", "command": ["python3", "-c", ""], "args": ["{{$}}"]}
    importer = {"artifactUri": {"constant": "s3://b/k"}, "typeSchema": {"schemaTitle": "system.Artifact"}}
    return {
        "components": {
            "comp-x": {"executorLabel": "exec-x"}, "comp-import": {"executorLabel": "exec-import"}, **components,
        },
        "deploymentSpec": {"executors": {"exec-x": {"container": container}, "exec-import": {"importer": importer}}},
        "root": {"dag": {"tasks": tasks}},
    }  # fmt: skip


def refusal(spec: dict[str, Any]) -> str:
    """Why the server does not take it."""
    with pytest.raises(Refused) as raised:
        Compiler(spec)
    return str(raised.value)


def test_names_that_argo_does_not_take() -> None:
    assert "cannot begin with a digit" in refusal(pipeline({"2fold": {}}))
    assert "at most 128" in refusal(pipeline({"x" * 122: {}}))
    loop = {
        "parameterIterator": {"itemInput": "i", "items": {"raw": "[]"}},
        "componentRef": {"name": "comp-" + "y" * 60},
    }
    inner = {"dag": {"tasks": {"x": {"componentRef": {"name": "comp-x"}, "taskInfo": {"name": "x"}}}}}
    assert "at most 128" in refusal(pipeline({"y" * 60: loop}, **{"comp-" + "y" * 60: inner}))
    assert "not unique" in refusal(pipeline({"a": {}, "a-driver": {}}))


def test_tasks_that_cannot_be_waited_for() -> None:
    assert "unknown producer task" in refusal(pipeline({"a": {"dependentTasks": ["b"]}}))
    assert "cycle" in refusal(pipeline({"a": {"dependentTasks": ["b"]}, "b": {"dependentTasks": ["a"]}}))
    strategy = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    after = {"a": {}, "last": {"dependentTasks": ["a"], "triggerPolicy": strategy}, "b": {"dependentTasks": ["last"]}}
    assert "dependency 'last' not defined" in refusal(pipeline(after))
    assert "non-exit" in refusal(pipeline({"last": {"triggerPolicy": strategy}}))


def test_importer_takes_no_condition_and_waits_for_nothing() -> None:
    importer = {"componentRef": {"name": "comp-import"}, "dependentTasks": ["a"]}
    (node,) = (n for n in Compiler(pipeline({"a": {}, "i": importer})).templates["root"].nodes if n.name == "i")
    assert node.depends == ()
    condition = {"triggerPolicy": {"condition": "true"}}
    assert "importer" in refusal(pipeline({"i": {"componentRef": {"name": "comp-import"}, **condition}}))


def test_iterators_share_no_component() -> None:
    loop = {"parameterIterator": {"itemInput": "i", "items": {"raw": "[]"}}, "componentRef": {"name": "comp-loop"}}
    inner = {"dag": {"tasks": {"x": {"componentRef": {"name": "comp-x"}, "taskInfo": {"name": "x"}}}}}
    assert "already exists" in refusal(pipeline({"a": dict(loop), "b": dict(loop)}, **{"comp-loop": inner}))


def test_retries_go_down_to_the_tasks_of_a_dag() -> None:
    inner = {"dag": {"tasks": {"x": {"componentRef": {"name": "comp-x"}, "taskInfo": {"name": "x"}}}}}
    task = {"componentRef": {"name": "comp-dag"}, "retryPolicy": {"maxRetryCount": 2}}
    templates = Compiler(pipeline({"d": task}, **{"comp-dag": inner})).templates
    assert [n.task["retryPolicy"] for n in templates["comp-dag"].nodes] == [{"maxRetryCount": 2}] * 2


def test_validation_finds_what_compiling_cannot() -> None:
    with pytest.raises(Refused, match="letters"):
        validate({"a_b": Template("a_b", [])})
