"""The reader of compiled Kubeflow pipelines: every case is read, taken by the frontend, and goes back as it came."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec.backends.kfp.reading import cel
from pipec.backends.kfp.reading.programs import install
from pipec.backends.kfp.reading.reader import KfpReader
from pipec.compiler.diagnostics import Report
from pipec.compiler.pysource.text import one_line
from pipec.compiler.reading import Outcome, Source, render
from tests.reading.corpus_kfp import INVALID, Result, corpus, documents, read
from tests.reading.equivalence_kfp import differences
from tests.support.discovery import ROOT

HERE = Path(__file__).parent / "kfp"
CASES = sorted(path.parent.name for path in HERE.glob("*/original.yaml"))
LOSSY = {"artifacts_of_run", "placeholders", "settings_lost"}
"""Cases with something that is not quite the same, or not kept."""
NATIVE = {"volume_claims", "native_components"}
"""Cases with something that only Kubeflow can run."""
BUILT = sorted((ROOT / "tests" / "cases").glob("*/built/kfp/*.yaml"))
CORPUS = corpus()


def case(name: str) -> Result:
    return read(HERE / name / "original.yaml")


def outcome(text: str) -> tuple[Outcome, Report]:
    report = Report()
    return KfpReader().read(Source(Path("original.yaml"), "original.yaml", text), report), report


def module(text: str, folder: Path, name: str = "migrated") -> Any:
    """The module, imported as plain Python."""
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# --- the cases


@pytest.mark.parametrize("name", CASES)
def test_case_is_read_and_goes_back(name: str) -> None:
    result = case(name)
    wanted = "opaque" if name in NATIVE else "inexact" if name in LOSSY else "exact"
    assert (result.status, result.why) == (wanted, result.why if wanted != "exact" else [])


@pytest.mark.parametrize("name", sorted(LOSSY | NATIVE))
def test_what_is_lost_is_marked_in_its_place(name: str) -> None:
    result = case(name)
    codes = {why.split()[0] for why in result.why}
    for code in codes:
        assert f"# {code}: " in result.text


@pytest.mark.parametrize("name", CASES)
def test_findings_point_into_the_file(name: str) -> None:
    text = (HERE / name / "original.yaml").read_text(encoding="utf-8")
    found, report = outcome(text)
    lines = text.split("\n")
    for finding in report:
        assert 1 <= finding.span.line <= len(lines) and finding.span.line > 1, finding.message
    (pipeline,) = found.pipelines
    names = {task.name for task in pipeline.tasks}
    assert names and all(any(f" {name}:" in line for line in lines) for name in names)
    for task in pipeline.tasks:
        assert task.name in lines[task.span.line - 1]


def test_bodies_run_as_they_did(tmp_path: Path) -> None:
    artifacts = module(case("artifacts").text, tmp_path)
    assert artifacts.artifacts(rows=4) == (6.0, "4 4 weights ['a', 'b'] 4")
    returned = module(case("artifacts_returned").text, tmp_path)
    assert returned.artifacts_returned() == "a 1, bb 2"
    collected = module(case("collected_files").text, tmp_path)
    assert collected.collected_files() == "cdcd"
    addresses = module(case("artifact_uris").text, tmp_path)
    assert addresses.artifact_uris() == "x y mmm 3 s3://a file three back"
    assert module(case("optional_inputs").text, tmp_path).optional_inputs(text="x") == "x 1 True"


def test_graphs_run_as_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conditions = module(case("conditions").text, tmp_path)
    assert [conditions.conditions(side=s, n=2) for s in ("heads", "it is", "x")] == ["one", "two", "three"]
    capsys.readouterr()
    conditions.conditions(ready=False, rate=0.25)
    assert capsys.readouterr().out.split("\n") == ["6 is large", "one", ""]
    loops = module(case("loops").text, tmp_path)
    assert loops.loops(numbers=[1, 5], n=2) == [2, 10]
    assert "0\nodd\n1\n" in capsys.readouterr().out
    module(case("final_status").text, tmp_path).final_status("bye")
    assert capsys.readouterr().out == "COMPLETE None bye\n"  # no message: it has not failed
    with pytest.raises(Exception, match="no"):
        module(case("ignored_failure").text, tmp_path).ignored_failure()
    assert capsys.readouterr().out == "nothing\n"
    with pytest.raises(ValueError, match="x"):
        module(case("exit_handler").text, tmp_path).exit_handler("bye")
    assert capsys.readouterr().out == "bye\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("registry.example.com/train:1", "registry.example.com/train:2", "native steps"),
        ("{{$.inputs.artifacts['model'].uri}}", "{{$.inputs.artifacts['model'].path}}", "native steps"),
        ("InputName", "OutputName", "native steps"),
        ("- ReadWriteOnce", "- ReadWriteMany", "native steps"),
        ("schemaTitle: system.Model", "schemaTitle: system.Dataset", "native steps"),
        ("parameterType: NUMBER_DOUBLE", "parameterType: STRING", "native steps"),
        ("mountPath: /data", "mountPath: /date", "settings"),
        ("outputParameterKey: name", "outputParameterKey: names", "settings"),
        ('size: "1Gi"', 'size: "2Gi"', "the whole run"),
    ],
)
def test_what_is_held_against_a_native_step_can_differ(old: str, new: str, told: str) -> None:
    result = case("native_components")
    before = documents((HERE / "native_components" / "original.yaml").read_text(encoding="utf-8"))
    assert old in result.written
    found = differences(before, result.pipelines[0], documents(result.written.replace(old, new)))
    assert any(one.startswith(told) for one in found), found


def test_steps_are_shared_unless_their_settings_differ() -> None:
    text = case("equal_names").text
    assert text.count("def load(") == 1 and text.count("def load_2(") == 1
    assert '@pipeline(name="load")\ndef load_pipeline(' in text


def test_order_without_data_is_said_once() -> None:
    assert case("order").text.count("with parallel(after=") == 3
    body = case("order_uncached").text.partition("def order_uncached():\n")[2]
    assert body.strip().split("\n") == ['show("a")', '    show("b")', '    show("c")']


# --- invalid and hostile input


def original() -> list[Any]:
    return documents((HERE / "conditions" / "original.yaml").read_text(encoding="utf-8"))


def dumped(data: list[Any]) -> str:
    return yaml.safe_dump_all(data)


def refusal(text: str) -> str:
    """The reason why `text` is refused."""
    found, report = outcome(text)
    assert found.module is None and found.pipelines == ()
    assert {f.code for f in report} == {"PC501"}
    return next(iter(report)).message.partition("can be read: ")[2]


TASKS = ("root", "dag", "tasks")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("schemaVersion",), "2.0.0", "its schema version is 2.0.0, and servers take 2.1.0"),
        (("pipelineInfo", "name"), "", "the pipeline has no name"),
        (("pipelineInfo", "owner"), "me", "there is no field `owner` in PipelineInfo"),
        (("root",), {}, "it has no `root` with a `dag`"),
        (("root", "dag"), {"tasks": {}}, "a DAG has no task"),
        ((*TASKS, "flip", "componentRef", "name"), "gone", "the task `flip` is of the component `gone`, which is not there"),
        (("components", "comp-flip", "executorLabel"), "gone", "there is no executor `gone`"),
        ((*TASKS, "flip", "dependentTasks"), ["gone"], "`flip` waits for `gone`, which is not there"),
        ((*TASKS, "flip", "dependentTasks"), ["show"], "`condition-branches-1` waits for itself"),
        ((*TASKS, "flip", "dependentTasks"), "show", "a list is expected here"),
        ((*TASKS, "flip", "retryPolicy"), {"maxRetryCount": "many"}, "`many` is no whole number"),
        ((*TASKS, "flip", "cachingOptions"), {"enableCache": "yes"}, "`yes` is no truth value"),
        (("deploymentSpec", "executors", "exec-flip", "container", "image"), 3, "`3` is no text"),
        (("root", "inputDefinitions", "parameters", "n", "parameterType"), "TASK_FINAL_STATUS", "the pipeline's parameter"),
        (("root", "inputDefinitions", "parameters", "n", "parameterType"), "INTEGER", "`INTEGER` is no NUMBER_DOUBLE"),
    ],
)  # fmt: skip
def test_what_a_server_refuses_is_refused(path: tuple[str, ...], value: Any, reason: str) -> None:
    data = original()
    place = data[0]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert refusal(dumped(data)).startswith(reason)


def test_component_that_contains_itself_is_refused() -> None:
    data = original()
    dag = data[0]["components"]["comp-condition-5"]["dag"]
    dag["tasks"]["again"] = {"componentRef": {"name": "comp-condition-5"}}
    assert refusal(dumped(data)).endswith("contains itself")


def test_document_that_grows_when_it_is_written_out_is_refused() -> None:
    """Each loop has two loops inside: thirty deep, that would be a thousand million statements."""
    data = original()
    spec = data[0]
    iterator = {"itemInput": "item", "items": {"raw": "[1]"}}
    for i in range(30):
        tasks = {n: {"componentRef": {"name": f"comp-for-loop-{i + 1}"}, "parameterIterator": iterator} for n in "ab"}
        spec["components"][f"comp-for-loop-{i}"] = {"dag": {"tasks": tasks}}
    spec["components"]["comp-for-loop-30"] = spec["components"]["comp-show"]
    spec["root"]["dag"] = {"tasks": {"a": {"componentRef": {"name": "comp-for-loop-0"}}}}
    started = time.monotonic()
    found, report = outcome(dumped(data))
    assert found.module is None and [f.code for f in report] == ["PC506"]
    assert time.monotonic() - started < 30


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{c}: &{c} [{', '.join([f'*{before}'] * 10)}]\n" for before, c in zip("abcdefghi", "bcdefghij")
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no PipelineSpec document in the file"),
        ("# nothing\n", "there is no PipelineSpec document in the file"),
        ("- a\n- b\n", "there is no PipelineSpec document in the file"),
        ("just text", "there is no PipelineSpec document in the file"),
        (BOMB, "it has more than 400,000 entries"),
        ("[" * 100_000, "it is no YAML: exceeded maximum nesting depth"),
        ("{a: " * 100_000, "it is nested more than 150 levels deep"),
        ("a: !!python/object/apply:os.system [touch /tmp/x]", "the tag `tag:yaml.org,2002:python/object/apply:os.system`"),
        ("a: !!python/name:os.system x", "the tag `tag:yaml.org,2002:python/name:os.system` is not for plain data"),
        ("a: !own x", "the tag `!own` is not for plain data"),
        ("a: *nowhere", "the alias `*nowhere` has no anchor before it"),
        ("a: &a [*a]", "the alias `*a` has no anchor before it"),
        ("? [a]\n: b", "a key is no text"),
        ("a: 1\na: 2", "the key `a` is there twice"),
        ('a: "b', "it is no YAML: found unexpected end of stream"),
        ("a: \0", "it is no YAML"),
        ("a: \udc80", "it is no YAML"),
        ("a: " + "9" * 5000, "a number has more than 4000 digits"),
        ("a: !!int x", "`x` is no `int`"),
        ("x" * (33 * 2**20), "the file has 34603008 bytes, and a server takes 33554432"),
        ("a: b\n" * 10_000_000, "the file has 50000000 bytes, and a server takes 33554432"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)  # fmt: skip
def test_hostile_text_is_refused_in_time(text: str, reason: str) -> None:
    started = time.monotonic()
    assert refusal(text).startswith(reason)
    assert time.monotonic() - started < 20


def test_several_documents() -> None:
    spec, platform = original(), {"platforms": {"kubernetes": {}}}
    assert refusal(dumped([*spec, *spec])) == "there is more than one PipelineSpec document in the file"
    assert refusal(dumped([*spec, platform, platform])) == "there is more than one platform document in the file"
    assert outcome(dumped([{"a": 1}, *spec, platform]))[0].module is not None


def test_manifests_have_the_pipeline_inside() -> None:
    kind = {"apiVersion": "pipelines.kubeflow.org/v2beta1", "kind": "PipelineVersion", "metadata": {"name": "x"}}
    plain, _ = outcome(dumped(original()))
    inside, report = outcome(dumped([{**kind, "spec": {"pipelineSpec": original()[0]}}]))
    assert plain.module is not None and inside.module == plain.module and not list(report)


@pytest.mark.parametrize("seed", range(40))
def test_broken_documents_never_crash(seed: int) -> None:
    """A few entries are removed, replaced or renamed; what is left is read, or refused with a reason."""
    chance = random.Random(seed)
    data = documents((HERE / chance.choice(CASES) / "original.yaml").read_text(encoding="utf-8"))
    for _ in range(3):
        _break(chance.choice(data), chance)
    text = dumped(data)
    found, report = outcome(text[: chance.randrange(len(text))] if seed % 8 == 0 else text)
    if found.module is None:
        assert any(f.severity == "error" for f in report)
    else:
        compile(render(found.module), "migrated.py", "exec")


def _break(data: Any, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 12)):
        inner = [v for v in (data.values() if isinstance(data, dict) else data) if isinstance(v, (dict, list)) and v]
        if not inner:
            break
        data = chance.choice(inner)
    key = chance.choice(list(data)) if isinstance(data, dict) else chance.randrange(len(data))
    match chance.randrange(3):
        case 0:
            del data[key]
        case 1:
            data[key] = chance.choice([None, "", 0, 1.5, True, [], {}, "{{$.inputs.parameters['x']}}", ["a"], "class"])
        case _ if isinstance(data, dict):
            data[chance.choice(["x", "a b", "class", "it's", "1"])] = data.pop(key)


# --- parts


@pytest.mark.parametrize(
    ("condition", "python"),
    [
        ("inputs.parameter_values['s'] == 'it\\'s'", """s == "it's\""""),
        ("int(inputs.parameter_values['n']) > 3 && inputs.parameter_values['s'] in ['a', 'b']", "n > 3 and s in ['a', 'b']"),
        ("!(inputs.parameter_values['b'] == true) || (1 + 2) * 3 == 9", "not b or (1 + 2) * 3 == 9"),
        ("inputs.parameter_values['b'] == false", "not b"),
        ("int(inputs.parameter_values['s']) >= -1", "int(s) >= -1"),
        ("inputs.parameter_values['n'] > 1 ? true : inputs.parameter_values['b']", "True if n > 1 else b"),
        ("size(inputs.parameter_values['l']) == 0 && inputs.parameter_values['l'][0] != null", "len(l) == 0 and l[0] is not None"),
    ],
)  # fmt: skip
def test_conditions_are_python(condition: str, python: str) -> None:
    import ast

    kinds = {"s": "STRING", "n": "NUMBER_INTEGER", "b": "BOOLEAN", "l": "LIST"}
    found = cel.python(condition, lambda name: cel.Typed(ast.Name(name, ast.Load()), kinds[name]))
    assert one_line(found) == one_line(ast.parse(python, mode="eval").body)


@pytest.mark.parametrize(
    "condition", ["", "a", "1 +", "1 == 2)", "f(1)", "'a", "7 / 2 == 3", "(" * 100 + "1" + ")" * 100, "inputs.x"]
)
def test_conditions_that_are_not_understood(condition: str) -> None:
    with pytest.raises(cel.CelError):
        cel.python(condition, lambda name: cel.Typed(None))  # type: ignore[arg-type]  # never asked for


def test_what_a_command_installs() -> None:
    pip = "python3 -m pip install --quiet --no-warn-script-location"
    script = (
        f"\nPIP_DISABLE_PIP_VERSION_CHECK=1 {pip} --index-url https://a/simple --extra-index-url https://b "
        f"--trusted-host https://a 'pandas==2.0' 'uvicorn[standard]>=0.2; python_version<\"3.9\"' --pre  &&  "
        f"{pip} 'kfp==2.17.0' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"' && \"$0\" \"$@\"\n"
    )
    found = install(["sh", "-c", script])
    assert found.packages == ("pandas==2.0", 'uvicorn[standard]>=0.2; python_version<"3.9"')
    assert dict(found.variables) == {
        "PIP_INDEX_URL": "https://a/simple", "PIP_EXTRA_INDEX_URL": "https://b", "PIP_TRUSTED_HOST": "https://a",
    }  # fmt: skip
    assert found.unknown == ("--pre",)


def test_looks_like() -> None:
    def looks(name: str, text: str) -> bool:
        return KfpReader().looks_like(Source(Path(name), name, text))

    spec = (HERE / "conditions" / "original.yaml").read_text(encoding="utf-8")
    assert looks("a.yaml", spec) and looks("a.yml", spec) and not looks("a.txt", spec)
    assert not looks("a.yaml", "kind: ConfigMap\n") and not looks("a.py", "import os\n")
    assert looks("a.py", "from kfp import dsl\n") and looks("a.json", '{"pipelineSpec": {}}')


# --- what pipec itself writes, and the corpus


@pytest.mark.parametrize("file", BUILT[:: max(len(BUILT) // 25, 1)], ids=lambda f: f.stem)
def test_what_pipec_writes_is_never_a_crash(file: Path) -> None:
    found, report = outcome(file.read_text(encoding="utf-8"))
    assert found.module is not None or any(f.code in ("PC501", "PC506") for f in report)


@pytest.mark.skipif(not CORPUS, reason="the corpus of compiled pipelines is not beside the repository")
@pytest.mark.parametrize("file", CORPUS, ids=lambda f: f.stem)
def test_corpus(file: Path) -> None:
    result = read(file)
    assert result.status in ("exact", "inexact", "opaque", "refused"), result.why
    if file.name in INVALID:
        assert result.status == "refused" and result.why[0].startswith("PC501")


def test_nothing_is_imported() -> None:
    """Reading needs none of what the pipelines use, and not Kubeflow's own library."""
    import subprocess

    code = (
        "import sys; from pathlib import Path; from pipec.compiler.diagnostics import Report;"
        "from pipec.compiler.reading import Source; from pipec.backends.kfp.reading.reader import KfpReader;"
        f"p = Path({str(HERE / 'artifacts' / 'original.yaml')!r});"
        "assert KfpReader().read(Source(p, p.name, p.read_text()), Report()).module;"
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'kfp', 'google', 'kubernetes', 'pandas', 'celpy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr
