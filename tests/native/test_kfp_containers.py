"""Container steps on KFP: the compiled form is the SDK's own, and a command that runs here gets and gives what it should."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec.backends.kfp import KfpBackend
from pipec.compiler import frontend, passes
from pipec.compiler.backend import Bundle
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from tests.native import test_kfp
from tests.native.test_kfp import documents
from tests.support.pipelinespec.containers import own_environment

IMPORTS = "import sys\nfrom pathlib import Path\nfrom pipec import Model, Secret, container, pipeline, step\n"
LAUNCHER = r"""# kfp.dsl.executor_main is what the local runner looks for
import json, os, re, subprocess, sys
*command, text = sys.argv[1:]
task = json.loads(text)
inputs, outputs = task["inputs"], task["outputs"]
known, made, files = {}, {}, {}
for name, value in inputs.get("parameterValues", {}).items():
    known[f"inputs.parameters['{name}']"] = value
for name, found in inputs.get("artifacts", {}).items():
    known[f"inputs.artifacts['{name}'].path"] = found["artifacts"][0]["uri"]
for name, found in outputs.get("artifacts", {}).items():
    place, n = found["artifacts"][0]["uri"], 1
    while os.path.exists(f"{place}-{n}"):  # all calls of a component get the same place
        n += 1
    os.makedirs(os.path.dirname(place), exist_ok=True)
    known[f"outputs.artifacts['{name}'].path"] = f"{place}-{n}"
    made[name] = {"artifacts": [{"name": name, "uri": f"{place}-{n}", "metadata": {}}]}
for name, found in outputs.get("parameters", {}).items():
    files[name] = known[f"outputs.parameters['{name}'].output_file"] = found["outputFile"]
    os.makedirs(os.path.dirname(found["outputFile"]), exist_ok=True)
command = [re.sub(r"\{\{\$\.(.*?)\}\}", lambda m: known[m[1]], part) for part in command]
subprocess.run(command, check=True)
os.makedirs(os.path.dirname(outputs["outputFile"]), exist_ok=True)
values = {name: open(path).read() for name, path in files.items()}
with open(outputs["outputFile"], "w") as file:
    json.dump({"artifacts": made, "parameterValues": values}, file)
"""
"""Does what KFP's launcher does around a command. It stands for the image: the command itself runs here."""

TRAIN = """
train = container(
    "registry/train:1", command=["train", "--mode={{fast}}"],
    args=["--rows", "{rows}", "--data={data}", "--out", "{model}", "--score", "{score}"],
    inputs={"rows": int, "data": Path}, outputs={"model": Model, "score": float}, memory="4Gi", retries=2,
)

@step
def write(rows: int) -> Path:
    Path("data.txt").write_text("x" * rows)
    return Path("data.txt")

@pipeline
def p(rows: int = 3) -> float:
    model, score = train(rows, write(rows))
    return score
"""


def test_is_what_the_sdk_compiles(tmp_path: Path) -> None:
    dsl = pytest.importorskip("kfp.dsl")
    compiler = pytest.importorskip("kfp.compiler")

    @dsl.container_component  # type: ignore[untyped-decorator]
    def train(
        rows: str, data: dsl.Input[dsl.Artifact], model: dsl.Output[dsl.Model], score: dsl.OutputPath(str)
    ) -> dsl.ContainerSpec:  # type: ignore[valid-type,name-defined]
        return dsl.ContainerSpec(
            image="registry/train:1",
            command=["train", "--mode={fast}"],
            args=["--rows", rows, f"--data={data.path}", "--out", model.path, "--score", score],
        )

    compiler.Compiler().compile(train, str(tmp_path / "sdk.yaml"))
    theirs = yaml.safe_load((tmp_path / "sdk.yaml").read_text(encoding="utf-8"))
    (ours,) = documents(tmp_path, IMPORTS + TRAIN)
    executor = ours["deploymentSpec"]["executors"]["exec-train"]["container"]
    assert executor.pop("resources") == {"memoryRequest": 4.294967296, "resourceMemoryRequest": "4Gi"}
    assert executor == theirs["deploymentSpec"]["executors"]["exec-train"]["container"]
    assert ours["components"]["comp-train"] == theirs["components"]["comp-train"]
    assert ours["root"]["dag"]["tasks"]["train"]["retryPolicy"]["maxRetryCount"] == 2


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a pipeline with kfp.local; what containers would do is done by their commands here."""
    original = test_kfp.compiled

    def compiled(folder: Path, source: str) -> tuple[Pipeline, Bundle, Report]:
        pipeline, bundle, report = original(folder, source)
        assert not [f for f in report if f.severity == "error"]
        images = {c.container.image for c in pipeline.components if c.container}
        spec = yaml.safe_load(bundle.files[bundle.main])
        for executor in spec["deploymentSpec"]["executors"].values():
            found = executor.get("container", {})
            if found.get("image") in images:
                found["command"] = [sys.executable, "-c", LAUNCHER, *found["command"]]
                found["args"] = [*found.get("args", []), "{{$}}"]
        return pipeline, Bundle({bundle.main: yaml.safe_dump(spec)}, bundle.main), report

    monkeypatch.setattr(test_kfp, "compiled", compiled)
    return lambda source, params=None: test_kfp.run(tmp_path, IMPORTS + source, params)


def test_values_go_in_and_out_as_text(run: Callable[..., Any]) -> None:
    source = """
echo = container(
    "x:1", command=["sh", "-c", \'printf "[%s]" "$@" > "$0"\'], args=["{out}", "{text}", "{number}", "{data}", "{flag}"],
    inputs={"text": str, "number": float, "data": dict, "flag": bool | None}, outputs={"out": str},
)
count = container(
    "x:1", command=["sh", "-c", \'echo "$1" > "$2"; echo "{{}}" > "$3"; echo true > "$4"\', "count"],
    args=["{n}", "{same}", "{empty}", "{yes}"],
    inputs={"n": int}, outputs={"same": int, "empty": dict, "yes": bool},
)

@step
def give(name: str) -> tuple[str, float, dict[str, object]]:
    return f"{name} \\"quoted\\" 3", 2.5, {"a": [1, None], "b": "ä {{$.x}}"}

@pipeline
def p(name: str = "x", n: int = 4) -> list[object]:
    text, number, data = give(name)
    first = echo(text, number, data)
    second = echo("3", 1.0, [(1, 2)], True)
    third = echo(first, 0, {})
    same, empty, yes = count(7)
    again = count(same)
    later, *_ = count(n + 1)  # whose port has the name of a parameter
    found = "no"
    if yes:
        found = echo(name, same + 1, empty)
    each = [echo(t, 1, {}) for t in ("1", "b")]
    return [first, second, third, same, empty, again[0], later + n, found, each]
"""
    result, _, error = run(source, {"name": "it's 5"})
    assert error is None
    first = '[it\'s 5 "quoted" 3][2.5][{"a": [1, null], "b": "\\u00e4 {\\u007b$.x}}"}][null]'
    third = f"[{first}][0][{{}}][null]"
    found = "[it's 5][8][{}][null]"
    assert result == [
        first, "[3][1.0][[[1, 2]]][true]", third, 7, {}, 7, 9, found, ["[1][1][{}][null]", "[b][1][{}][null]"],
    ]  # fmt: skip


def test_files_go_in_and_out_by_their_paths(run: Callable[..., Any]) -> None:
    source = """
double = container(
    "x:1", command=["sh", "-c", \'cat "$0" "$0" > "$1"\'], args=["{data}", "{out}"],
    inputs={"data": Path}, outputs={"out": Path},
)
folder = container(
    "x:1", command=["sh", "-c", \'mkdir -p "$1"; cp "$0" "$1/one"; echo two > "$1/two"\'], args=["{data}", "{out}"],
    inputs={"data": Path}, outputs={"out": Model},
)

@step
def write(text: str) -> Path:
    Path("data.txt").write_text(text)
    return Path("data.txt")

@step
def read(path: Path) -> str:
    return path.read_text()

@step
def listed(path: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in sorted(path.iterdir())}

@step
def joined(paths: list[Path]) -> str:
    return " ".join(p.read_text() for p in paths)

@pipeline
def p(text: str = "ab") -> list[object]:
    data = write(text)
    made = double(data)
    twice = double(made)
    kept = data
    if len(text) > 1:
        kept = double(made)
    many = [double(write(t)) for t in ("x", "y")]
    return [read(made), read(twice), read(kept), listed(folder(made)), joined(many), read(double(many[1]))]
"""
    result, _, error = run(source)
    assert error is None
    assert result == ["ab" * 2, "ab" * 4, "ab" * 4, {"one": "abab", "two": "two\n"}, "xx yy", "yyyy"]


def test_text_that_would_be_replaced_fails_the_run(run: Callable[..., Any]) -> None:
    source = (
        'show = container("x:1", ["show", "{text}"], inputs={"text": str})\n\n'
        "@step\ndef give(n: int) -> str:\n    return '$(HOME)'\n\n@pipeline\ndef p(n: int = 1):\n    show(give(n))\n"
    )
    _, _, error = run(source)
    assert error is not None and "the input 'text' of 'show'" in error and "would replace" in error


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ('container("x:1", args=["{n}"], inputs={"n": int})', "entry point"),
        ('container("x:1", ["x", "{{{{$.inputs}}}}", "{n}"], inputs={"n": int})', "would replace"),
        ('container("x:1", ["sh", "-c", "echo $$", "{n}"], inputs={"n": int})', "would replace"),
        ('container("x:1", ["x", "$(KEY)", "{n}"], inputs={"n": int}, env={"KEY": "v"})', "would replace"),
        ('container("x:1", ["x", "$(K)", "{n}"], inputs={"n": int}, secrets={"K": Secret("s", key="k")})', "replace"),
        ('container("x:1", ["x", \'{{"Concat": ["a", "{n}"]}}\'], inputs={"n": int})', "would replace"),
    ],
)
def test_what_kfp_would_not_run_as_written_is_refused(tmp_path: Path, call: str, reason: str) -> None:
    found = findings(tmp_path, f"work = {call}\n\n@pipeline\ndef p(n: int = 1):\n    work(n)\n")
    assert [reason in message for code, message in found if code == "PC408"] == [True], found


def test_constants_that_are_no_text_and_failures_that_are_caught_are_refused(tmp_path: Path) -> None:
    source = 'work = container("x:1", ["x", "{n}"], inputs={"n": object})\n\n@pipeline\ndef p(n: int = 1):\n    '
    source = source.replace("object", "float")
    for line in ("work(float('nan'))", "work('{{workflow.name}}')", "work({1, 2})"):
        assert "PC408" in [code for code, _ in findings(tmp_path, source + line + "\n")], line
    caught = "try:\n        work(n)\n    except Exception:\n        work(2)\n"
    (message,) = [message for code, message in findings(tmp_path, source + caught) if code == "PC408"]
    assert "`try`" in message
    assert findings(tmp_path, source + "work(n)\n") == []


def test_a_shell_may_call_commands(tmp_path: Path) -> None:
    """`$(date)` is text to Kubernetes, which knows no variable of that name."""
    source = 'work = container("x:1", ["sh", "-c", "echo $(date)"])\n\n@pipeline\ndef p():\n    work()\n'
    (found,) = documents(tmp_path, IMPORTS + source)
    assert found["deploymentSpec"]["executors"]["exec-work"]["container"]["command"][2] == "echo $(date)"


def findings(tmp_path: Path, source: str) -> list[tuple[str, str]]:
    """Code and message of what building for KFP reports, warnings about the target's ways aside."""
    (tmp_path / "module.py").write_text(IMPORTS + source, encoding="utf-8")
    report = Report()
    (pipeline,) = frontend.read(tmp_path / "module.py", root=tmp_path, site=Site(), report=report)
    KfpBackend().build(passes.run(pipeline, report), Site(), report)
    return [(f.code, f.message) for f in report if f.severity == "error"]


def test_the_ir_of_a_container_survives_json(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(IMPORTS + TRAIN, encoding="utf-8")
    (pipeline,) = frontend.read(tmp_path / "module.py", root=tmp_path, site=Site(), report=Report())
    component = pipeline.component("train")
    assert component.container is not None and component.function is None and component.digest
    assert type(pipeline).model_validate(json.loads(pipeline.model_dump_json())) == pipeline


def test_variables_arrive_as_they_were_written(tmp_path: Path) -> None:
    """Kubernetes makes `$` of `$$`, and replaces `$(NAME)`; a template of Argo's cannot be written otherwise."""
    source = """
say = container("x:1", command=["say"], env={"A": "1", "PRICE": "$$5 $(A) $A", "TEMPLATE": TEXT})

@pipeline
def p(n: int = 1) -> None:
    say()
"""
    (spec,) = documents(tmp_path, IMPORTS + source.replace("TEXT", "'{}'"))
    (container,) = (e["container"] for e in spec["deploymentSpec"]["executors"].values())
    assert own_environment(container["env"]) == {"A": "1", "PRICE": "$$5 $(A) $A", "TEMPLATE": "{}"}
    with pytest.raises(AssertionError, match="would replace .*workflow.name"):
        documents(tmp_path, IMPORTS + source.replace("TEXT", "'{{workflow.name}}'"))
