"""What the small server does at run time, rule by rule; the rules are those of the real drivers and launcher."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("celpy", reason="the server's conditions need cel-python")

from tests.support.pipelinespec import Refused, Run, Server

Spec = dict[str, Any]
PROGRAM = """
import json, os, sys
request = json.loads(sys.argv[1])
given, out = request["inputs"]["parameterValues"], request["outputs"]
if given.get("fail") == "yes":
    sys.exit("no")
os.makedirs(os.path.dirname(out["outputFile"]), exist_ok=True)
results = {"parameterValues": {key: given.get("x", "made") for key in out["parameters"]}}
with open(out["outputFile"], "w") as file:
    json.dump(results, file)
"""
STRING, NUMBER = {"parameterType": "STRING"}, {"parameterType": "NUMBER_INTEGER"}
ARTIFACT = {"artifactType": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}}
OUT = {"parameters": {"Output": STRING}}


def container(program: str = PROGRAM, **more: Any) -> Spec:
    return {"container": {"image": "python", "command": ["python3", "-c", program], "args": ["{{$}}"], **more}}


def task(component: str, after: tuple[str, ...] = (), **given: Any) -> Spec:
    """A call: a text is a constant, `"a.Output"` an output of a task, `"<x"` an input of the DAG."""
    return {
        "componentRef": {"name": f"comp-{component}"},
        "dependentTasks": list(after),
        "inputs": {"parameters": {name: binding(value) for name, value in given.items()}},
    }


def binding(value: Any) -> Spec:
    if isinstance(value, str) and value.startswith("<"):
        return {"componentInputParameter": value[1:]}
    if isinstance(value, str) and "." in value:
        producer, key = value.split(".")
        return {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": key}}
    return {"runtimeValue": {"constant": value}}


def when(called: Spec, condition: str) -> Spec:
    return {**called, "triggerPolicy": {"condition": condition}}


def dag(tasks: Spec, inputs: Spec | None = None, **outputs: Any) -> Spec:
    made: Spec = {"dag": {"tasks": {n: {**t, "taskInfo": {"name": n}} for n, t in tasks.items()}}}
    if inputs:
        made["inputDefinitions"] = {"parameters": inputs}
    if outputs:
        made["dag"]["outputs"] = {"parameters": outputs}
    return made


def taken(producer: str, key: str = "Output") -> Spec:
    return {"producerSubtask": producer, "outputParameterKey": key}


STEP = {"executorLabel": "exec-step", "outputDefinitions": OUT, "inputDefinitions": {"parameters": {
    "x": {**STRING, "isOptional": True}, "fail": {**STRING, "isOptional": True}}}}  # fmt: skip


def run(
    folder: Path, root: Spec, arguments: Spec | None = None, caching: bool = False, times: int = 1, **more: Any
) -> Run:
    """Run a pipeline of `comp-step` and of what `more` adds; of several times the last."""
    components = {"comp-step": STEP, **{n.replace("_", "-"): c for n, c in more.items() if not n.startswith("exec")}}
    executors = {"exec-step": container(), **{n.replace("_", "-"): e for n, e in more.items() if n.startswith("exec")}}
    spec = {
        "pipelineInfo": {"name": "p"}, "schemaVersion": "2.1.0", "root": root, "components": components,
        "deploymentSpec": {"executors": executors},
    }  # fmt: skip
    server = Server(folder, dict(os.environ), caching)
    for _ in range(times):
        done = server.run(yaml.safe_dump(json.loads(json.dumps(spec))), arguments or {})
    return done


def ran(done: Run) -> dict[str, str]:
    return {step.task: step.status for step in done.steps}


def test_what_follows_a_skipped_task_is_omitted(tmp_path: Path) -> None:
    no = when(task("step", x="no"), "inputs.parameter_values['x'] == 'yes'")
    done = run(tmp_path, dag({"a": no, "b": task("step", ("a",)), "c": task("step", ("b",)), "d": task("step")}))
    assert (done.status, ran(done)) == ("succeeded", {"d": "succeeded"})
    assert [done.phases[f"root/{n}"] for n in "abcd"] == ["Skipped", "Omitted", "Omitted", "Succeeded"]


def test_dag_with_nothing_but_skipped_tasks_succeeds(tmp_path: Path) -> None:
    inner = dag({"a": when(task("step", x="no"), "inputs.parameter_values['x'] == 'yes'")})
    done = run(tmp_path, dag({"d": task("dag"), "after": task("step", ("d",))}), comp_dag=inner)
    assert ran(done) == {"after": "succeeded"}


def test_condition_reads_only_inputs_of_the_task(tmp_path: Path) -> None:
    done = run(tmp_path, dag({"a": when(task("step", x="1"), "inputs.parameter_values['y'] == '1'")}))
    assert done.status == "failed" and done.faulty


def test_one_of_takes_the_arm_that_has_run(tmp_path: Path) -> None:
    arms = {
        "a": when(task("step", x="<x"), "inputs.parameter_values['x'] == 'a'"),
        "b": when(task("step", x="<x"), "inputs.parameter_values['x'] != 'a'"),
    }
    one = {"valueFromOneof": {"parameterSelectors": [taken("a"), taken("b")]}}
    root = dag({"d": task("dag", x="b"), "after": task("step", x="d.v")}, v={"valueFromParameter": taken("after")})
    done = run(tmp_path, root, comp_dag=dag(arms, {"x": STRING}, v=one))
    assert done.outputs == {"v": "b"}


def test_one_of_does_not_take_what_came_from_the_cache(tmp_path: Path) -> None:
    arm = {**task("step", x="b"), "cachingOptions": {"enableCache": True}}
    one = {"valueFromOneof": {"parameterSelectors": [taken("a")]}}
    root = dag({"d": task("dag"), "after": task("step", x="d.v")})
    assert run(tmp_path, root, comp_dag=dag({"a": arm}, v=one), caching=True).status == "succeeded"
    done = run(tmp_path / "again", root, comp_dag=dag({"a": arm}, v=one), caching=True, times=2)
    assert ran(done) == {"a": "cached"} and "No successful task found" in done.errors[0]


def loop(items: str, **given: Any) -> Spec:
    return {**task("loop", **given), "parameterIterator": {"itemInput": "i", "items": {"raw": items}}}


def test_loop_collects_in_order_and_flattens_what_is_nested(tmp_path: Path) -> None:
    inner = {**loop('["1", "2"]'), "componentRef": {"name": "comp-inner"}}
    inner["parameterIterator"]["itemInput"] = "j"
    body = dag({"inner": inner}, {"i": STRING}, v={"valueFromParameter": taken("inner", "w")})
    innermost = dag({"s": task("step", x="<j")}, {"j": STRING}, w={"valueFromParameter": taken("s")})
    root = dag({"each": loop('["a", "b"]')}, v={"valueFromParameter": taken("each", "v")})
    done = run(tmp_path, root, comp_loop=body, comp_inner=innermost)
    assert done.outputs == {"v": ["1", "2", "1", "2"]}
    assert done.loops == [("each", (), 2), ("inner", (0,), 2), ("inner", (1,), 2)]


def test_nothing_can_be_collected_from_a_loop_without_iterations(tmp_path: Path) -> None:
    body = dag({"s": task("step", x="<i")}, {"i": STRING}, v={"valueFromParameter": taken("s")})
    takes = {**STEP, "inputDefinitions": {"parameters": {"x": {"parameterType": "LIST"}}}}
    root = dag({"each": loop("[]"), "after": task("takes", x="each.v")})
    done = run(tmp_path, root, comp_loop=body, comp_takes=takes)
    assert done.status == "failed" and "not in tasks" in done.errors[0]
    waits = dag({"each": loop("[]"), "after": task("step", ("each",))})
    assert ran(run(tmp_path / "w", waits, comp_loop=body)) == {"after": "succeeded"}


def test_failure_stops_what_is_not_under_way(tmp_path: Path) -> None:
    root = dag({"a": task("step", fail="yes"), "b": task("step"), "c": task("step", ("b",)), "d": task("step", ("a",))})
    assert ran(run(tmp_path, root)) == {"a": "failed", "b": "succeeded"}


def test_retries_are_attempts_of_the_container_alone(tmp_path: Path) -> None:
    root = dag({"a": {**task("step", fail="yes"), "retryPolicy": {"maxRetryCount": 2}}})
    assert [(s.status, s.attempts) for s in run(tmp_path, root).steps] == [("failed", 3)]


def test_exit_task_runs_after_a_failure_once_for_each_upstream(tmp_path: Path) -> None:
    always = {**task("step", ("a", "b")), "triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}}
    done = run(tmp_path, dag({"a": task("step", fail="yes"), "b": task("step"), "last": always}))
    assert done.status == "failed"
    assert sorted(s.task for s in done.steps) == ["a", "b", "last", "last"]


def test_final_status_of_a_dag_is_not_that_of_its_tasks(tmp_path: Path) -> None:
    """Only launchers write it: not where the last task was taken from the cache, or is omitted after a skipped one."""
    always = {**task("step", ("d",)), "triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}}
    always["inputs"] = {"parameters": {"x": {"taskFinalStatus": {"producerTask": "d"}}}}
    kept = {**task("step", x="1"), "cachingOptions": {"enableCache": True}}
    no = when(task("step", x="no"), "inputs.parameter_values['x'] == 'yes'")

    def state(place: str, inner: Spec, **more: Any) -> Any:
        done = run(tmp_path / place, dag({"d": task("dag"), "last": always}), comp_dag=dag(inner), **more)
        assert done.status == "succeeded" and done.steps[-1].task == "last"
        return json.loads(done.steps[-1].outputs["Output"])["state"]

    assert state("well", {"a": kept}, caching=True) == "COMPLETE"
    assert state("cached", {"a": kept}, caching=True, times=2) == "RUNNING"
    assert state("omitted", {"a": no, "b": task("step", ("a",)), "c": task("step")}) == "RUNNING"


def test_importer_finds_uris_only_among_inputs_of_its_dag(tmp_path: Path) -> None:
    component = {
        "executorLabel": "exec-import", "inputDefinitions": {"parameters": {"uri": STRING}},
        "outputDefinitions": {"artifacts": {"artifact": ARTIFACT}},
    }  # fmt: skip
    importer = {"artifactUri": {"runtimeParameter": "uri"}, "typeSchema": {"schemaTitle": "system.Artifact"}}
    more: Spec = {"comp_import": component, "exec_import": {"importer": importer}}
    done = run(tmp_path, dag({"a": task("step", x="s3://b/k"), "i": task("import", uri="a.Output")}), **more)
    assert "parent DAG does not have input parameter" in done.errors[0]
    inside = dag({"i": task("import", uri="<uri")}, {"uri": STRING})
    root = dag({"a": task("step", x="s3://b/k"), "d": task("dag", uri="a.Output")})
    assert run(tmp_path / "inside", root, comp_dag=inside, **more).status == "succeeded"
    assert (
        "no provider scheme"
        in run(tmp_path / "no", dag({"d": task("dag", uri="k")}), comp_dag=inside, **more).errors[0]
    )


MAKES = container(PROGRAM + "# makes an artifact")


def test_equal_containers_have_the_interface_of_the_first(tmp_path: Path) -> None:
    makes, _ = artifacts(())
    same: Spec = {"comp_makes": makes, "exec_makes": container()}
    out = {"taskOutputArtifact": {"producerTask": "m", "outputArtifactKey": "out"}}
    call = {**task("step"), "inputs": {"artifacts": {"a": out}}}
    done = run(tmp_path, dag({"a": task("step"), "m": task("makes"), "n": call}), **same)
    assert "m (COMPLETE) has no output out" in done.errors[0]


def artifacts(names: tuple[str, ...]) -> tuple[Spec, Spec]:
    """A component that makes an artifact, and a DAG that takes some."""
    makes = {"executorLabel": "exec-makes", "outputDefinitions": {"artifacts": {"out": ARTIFACT}}}
    takes = dag({"s": task("step")})
    takes["inputDefinitions"] = {"artifacts": dict.fromkeys(names, ARTIFACT)}
    return makes, takes


def test_dag_keeps_one_name_for_an_artifact(tmp_path: Path) -> None:
    makes, takes = artifacts(("a", "b"))
    out = {"taskOutputArtifact": {"producerTask": "m", "outputArtifactKey": "out"}}
    call = {**task("dag"), "inputs": {"artifacts": {"a": out, "b": out}}}
    done = run(tmp_path, dag({"m": task("makes"), "d": call}), comp_dag=takes, comp_makes=makes, exec_makes=MAKES)
    assert "loses one of them" in done.errors[0]


def test_dag_keeps_one_artifact_for_a_name(tmp_path: Path) -> None:
    makes, takes = artifacts(("a",))
    body = dag({"m": task("makes")}, {"i": STRING})
    body["dag"]["outputs"] = {"artifacts": {"v": {"artifactSelectors": [
        {"producerSubtask": "m", "outputArtifactKey": "out"}]}}}  # fmt: skip
    out = {"taskOutputArtifact": {"producerTask": "each", "outputArtifactKey": "v"}}
    call = {**task("dag"), "inputs": {"artifacts": {"a": out}}}
    root = dag({"each": loop('["1", "2"]'), "d": call})
    done = run(tmp_path, root, comp_dag=takes, comp_makes=makes, comp_loop=body, exec_makes=MAKES)
    assert "of the 2 artifacts" in done.errors[0]


def test_parameters_have_their_types(tmp_path: Path) -> None:
    root = dag({"a": task("step", x=2), "b": task("step", x=True), "c": task("step", x=[1, 2.5])})
    outputs = {n: {"valueFromParameter": taken(n)} for n in "abc"}
    root["dag"]["outputs"] = {"parameters": outputs}
    assert run(tmp_path, root).outputs == {"a": "2", "b": "true", "c": "[1,2.5]"}
    number = {**STEP, "inputDefinitions": {"parameters": {"x": NUMBER}}}
    done = run(tmp_path / "no", dag({"a": task("number", x="2")}), comp_number=number)
    assert "expect NUMBER_INTEGER, got string" in done.errors[0]


def test_missing_output_fails_the_task(tmp_path: Path) -> None:
    silent = {**STEP, "executorLabel": "exec-silent"}
    done = run(tmp_path, dag({"a": task("silent")}), comp_silent=silent, exec_silent=container("pass"))
    assert "failed to read output parameter" in done.errors[0]


def test_limits(tmp_path: Path) -> None:
    assert "argument list too long" in run(tmp_path / "a", dag({"a": task("step", x="x" * 140_000)})).errors[0]
    root = dag({"a": task("step", x="<x")}, {"x": STRING})
    assert run(tmp_path / "b", root, {"x": "x" * 9_000}).status == "succeeded"
    with pytest.raises(Refused, match="maximum size"):
        run(tmp_path / "c", root, {"x": "x" * 11_000})
    with pytest.raises(Refused, match="no values for"):
        run(tmp_path / "d", root)
