"""What a KFP server gives to pods and to components of others: settings and inputs of the types that it asks for."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipec.backends.kfp.reading.reader import KfpReader
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source, render
from tests.native.test_kfp import _strict, compiled
from tests.support.building import build
from tests.support.discovery import ROOT, Case
from tests.support.pipelinespec.server import Run, Server, surroundings

yaml = pytest.importorskip("yaml")
pytest.importorskip("celpy")

PLACEMENT = Case(ROOT / "tests" / "cases" / "settings_argument_placement")
AMOUNTS = Case(ROOT / "tests" / "cases" / "settings_argument_run")


def run(folder: Path, text: str, arguments: dict[str, Any]) -> Run:
    """Run a document on a server of its own."""
    first, *more = yaml.safe_load_all(text)
    _strict(first, more)
    return Server(folder, surroundings()).run(text, arguments)


def document(case: Case) -> str:
    output = build(case, "kfp")
    return next(output.files[name] for name in output.main)


def test_placement_of_a_run(tmp_path: Path) -> None:
    """Labels, tolerations and names that parameters and steps give; labels are a structure, which no text becomes."""
    wanted = [{"key": "gpu", "operator": "Exists"}]
    given = {"rows": "4", "secret": "mine", "tolerations": json.dumps(wanted)}
    done = run(tmp_path, document(PLACEMENT), given)
    assert done.status == "succeeded", done.errors
    trained = {step.task: step.settings for step in done.steps if step.task.startswith("train")}
    one, other = trained["train"], trained["train-2"]
    assert one["nodeSelector"] == {"nodeSelectorJson": {"disk": "ssd"}}
    assert other["nodeSelector"] == {"labels": {"disk": "hdd"}}
    assert one["tolerations"] == other["tolerations"] == [{"tolerationJson": wanted}]
    assert [entry["secretName"] for entry in one["secretAsEnv"]] == ["mine", "fixed", "mine"]
    assert [entry["secretName"] for entry in other["secretAsEnv"]] == ["team-4", "fixed", "team-4"]
    assert [entry["configMapName"] for entry in (*one["configMapAsVolume"], *other["configMapAsVolume"])] == [
        "standard",
        "mine",
    ]


def test_no_labels(tmp_path: Path) -> None:
    done = run(tmp_path, document(PLACEMENT), {"rows": "1", "selector": "{}"})
    assert done.status == "succeeded", done.errors
    (one,) = (step.settings for step in done.steps if step.task.startswith("train"))
    assert one["nodeSelector"] == {"nodeSelectorJson": {}} and one["tolerations"] == [{"tolerationJson": []}]


def test_amounts_of_a_run(tmp_path: Path) -> None:
    done = run(tmp_path, document(AMOUNTS), {})
    assert done.status == "succeeded", done.errors
    amounts = [value for step in done.steps for value in step.settings["resources"].values()]
    assert amounts and not [value for value in amounts if "{{$" in str(value)]


NATIVE = """
from pipec import native, pipeline, step

PROGRAM = '''{program}'''
tell = native(
    "kfp",
    'dsl.ContainerSpec(image="python:3.12-slim", command=["python3", "-c", PROGRAM], '
    'args=[whole, part, flag, items, table, word, out])',
    imports=["from kfp import dsl"],
    inputs={{"whole": int, "part": float, "flag": bool, "items": list, "table": dict, "word": str}},
    outputs={{"out": str}},
)


@step
def made(text: str) -> object:
    return text


def value_of(whole: int, word: str) -> int:
    return whole


@pipeline
def p(whole: int = 3, word: str = "a") -> str:
    found = value_of(whole, word)
    return tell(found, found / 4 if word else 0.5, word == "a", [found, word], {{"a": found}}, word * 2)
"""
PROGRAM = "import json, os, sys; os.makedirs(os.path.dirname(sys.argv[7]), exist_ok=True); "
PROGRAM += 'open(sys.argv[7], "w").write(json.dumps(sys.argv[1:7]))'


def test_inputs_of_native_components_have_their_types(tmp_path: Path) -> None:
    """The server checks them, and converts no text; on a command line each is what Kubeflow writes of it."""
    _, bundle, _ = compiled(tmp_path, NATIVE.format(program=PROGRAM))
    done = run(tmp_path / "server", bundle.files[bundle.main], {"whole": "6"})
    assert done.status == "succeeded", done.errors
    (told,) = (step for step in done.steps if step.task == "tell")
    assert json.loads(told.outputs["out"]) == ["6", "1.5", "true", '[6,"a"]', '{"a":6}', "aa"]


@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        (str(2**53 + 1), "hold no such integer"),
        ('"six"', "no NUMBER_INTEGER of Kubeflow"),
        ("true", "no NUMBER_INTEGER of Kubeflow"),
    ],
)
def test_what_kubeflow_cannot_hold_fails_the_run(tmp_path: Path, whole: str, reason: str) -> None:
    source = NATIVE.format(program=PROGRAM).replace("found / 4 if word else 0.5", "0.5")
    _, bundle, _ = compiled(tmp_path, source)
    done = run(tmp_path / "server", bundle.files[bundle.main], {"whole": whole})
    assert done.status == "failed"
    assert reason in " ".join(done.errors)


def test_none_is_no_text(tmp_path: Path) -> None:
    """An input that may be left out is so by the call alone: what the run makes `None` fails, and is not "null"."""
    source = NATIVE.format(program=PROGRAM).replace("word * 2)", "None if whole > 2 else word)")
    _, bundle, _ = compiled(tmp_path, source)
    done = run(tmp_path / "server", bundle.files[bundle.main], {})
    assert done.status == "failed" and "which only a call can leave out" in " ".join(done.errors)


RAW = """
@pipeline
def p(text: str = TEXT) -> str:
    return same(text)


@step
def same(text: str) -> str:
    return text
"""


@pytest.mark.parametrize("text", ["costs $$5", "{{workflow.name}} {{=1}}", "$(KFP_POD_NAME)", "$(NOWHERE) {{ ds }}"])
def test_defaults_arrive_as_they_are(tmp_path: Path, text: str) -> None:
    """Text that would be replaced travels as JSON, in which nothing looks so."""
    _, bundle, _ = compiled(tmp_path, RAW.replace("TEXT", repr(text)))
    built = bundle.files[bundle.main]
    done = run(tmp_path / "server", built, {})
    assert done.status == "succeeded" and json.loads(done.outputs["Output"]) == text, done.errors
    assert text in built.split("components:")[0] and ("(plain text)" in built) is (text == "$(NOWHERE) {{ ds }}")
    outcome = KfpReader().read(Source(tmp_path / "p.yaml", "p.yaml", built), Report())
    assert outcome.module is not None
    assert ast.literal_eval(re.findall(r"text: str = (.*)\):", render(outcome.module))[0]) == text
