"""Containers that are told the URIs of artifacts, on KFP: as the SDK writes it, and run with a launcher's rules."""

from pathlib import Path

import pytest
import yaml

from tests.native.test_kfp import documents
from tests.support.pipelinespec import Run, Server

STORE = """
store = container(
    "tools:1",
    ["python3", "-c", '''
import os, sys
place = sys.argv[1].replace("minio://", os.environ["STORE"] + "/")
os.makedirs(os.path.dirname(place), exist_ok=True)
with open(place, "w") as file:
    file.write(sys.argv[2])
'''],
    ["{table.uri}/part-0", "{text}"],
    inputs={"text": str}, outputs={"table": Dataset},
)
look = container(
    "tools:1",
    ["python3", "-c", '''
import os, sys
place = sys.argv[1].replace("minio://", os.environ["STORE"] + "/")
with open(sys.argv[2], "w") as file:
    file.write(open(place).read() + " seen")
'''],
    ["{table.uri}/part-0", "{seen}"],
    inputs={"table": Dataset}, outputs={"seen": str},
)
forget = container("tools:1", ["python3", "-c", "pass"], ["{table.uri}"], outputs={"table": Dataset})
"""
HEAD = "from pathlib import Path\nfrom pipec import Dataset, Model, container, pipeline, step\n" + STORE


def test_is_what_the_sdk_compiles(tmp_path: Path) -> None:
    dsl = pytest.importorskip("kfp.dsl")
    compiler = pytest.importorskip("kfp.compiler")

    @dsl.container_component  # type: ignore[untyped-decorator]
    def train(data: dsl.Input[dsl.Dataset], model: dsl.Output[dsl.Model]) -> dsl.ContainerSpec:  # type: ignore[valid-type,name-defined]
        return dsl.ContainerSpec(
            image="train:1", command=["train", data.uri], args=[f"--to={model.uri}/0", data.path, model.path]
        )

    compiler.Compiler().compile(train, str(tmp_path / "sdk.yaml"))
    theirs = yaml.safe_load((tmp_path / "sdk.yaml").read_text(encoding="utf-8"))
    source = """
train = container("train:1", ["train", "{data.uri}"], ["--to={model.uri}/0", "{data}", "{model}"],
                  inputs={"data": Dataset}, outputs={"model": Model})

@pipeline
def p(text: str = "x") -> Model:
    return train(store(text))
"""
    (ours,) = documents(tmp_path, HEAD + source)
    executors = (found["deploymentSpec"]["executors"]["exec-train"] for found in (ours, theirs))
    assert next(executors) == next(executors)
    assert ours["components"]["comp-train"] == theirs["components"]["comp-train"]


def ran(folder: Path, body: str) -> Run:
    """What became of a run."""
    source = f"{HEAD}\n@step\ndef files(table: Dataset) -> list[str]:\n"
    source += '    return [f"{p.name}: {p.read_text()}" for p in sorted(table.iterdir())]\n\n'
    (found,) = documents(folder, source + f'@pipeline\ndef p(text: str = "x") -> object:\n{body}')
    server = Server(folder / "server", {"STORE": str(folder / "server" / "objects")})
    return server.run(yaml.safe_dump(found), {})


def test_what_a_container_stores_at_a_uri_is_the_artifact(tmp_path: Path) -> None:
    """The launcher finds nothing at the local path, and registers the URI: the next task downloads what lies there."""
    body = "    table = store(text)\n    return [look(table), files(table)]\n"
    done = ran(tmp_path, body)
    assert done.status == "succeeded", done.errors
    assert done.outputs["Output"] == '["x seen", ["part-0: x"]]'


def test_nobody_looks_whether_something_has_been_stored(tmp_path: Path) -> None:
    """An artifact at which nothing lies: only the step that reads it fails."""
    done = ran(tmp_path, "    return files(forget())\n")
    assert {step.task: step.status for step in done.steps} == {"forget": "succeeded", "files": "failed"}
    assert "FileNotFoundError" in done.errors[0]
