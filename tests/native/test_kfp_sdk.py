"""Native steps on KFP: the compiled form is the SDK's own, and what Kubeflow cannot run is refused at its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec.backends.kfp import KfpBackend
from pipec.compiler import frontend, passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site

HEAD = """from pathlib import Path
from pipec import Dataset, Model, native, parallel, pipeline, step
DSL = ["from kfp import dsl"]
KUBERNETES = ["from kfp import kubernetes"]
SIZE: str = "5Gi"

@step
def word(n: int) -> str:
    return "x"

@step
def table(n: int) -> Dataset:
    return Dataset("t")

"""


def built(folder: Path, text: str, site: Site | None = None) -> tuple[list[Any], Report]:
    """The documents that `text` becomes; none where it is refused."""
    file = folder / "p.py"
    file.write_text(HEAD + text, encoding="utf-8")
    report, site = Report(), site or Site()
    (read,) = frontend.read(file, root=folder, site=site, report=report, pipeline="p")
    bundle = KfpBackend().build(passes.run(read, report), site, report)
    return ([*yaml.safe_load_all(bundle.files[bundle.main])] if bundle is not None else []), report


def claim(argument: str, inputs: str = "{}", outputs: str = '{"name": str}', more: str = "") -> str:
    return (
        f"claim = native('kfp', \"kubernetes.CreatePVC({argument})\", imports=KUBERNETES, inputs={inputs}, "
        f"outputs={outputs}{more})\n"
    )


def spec(argument: str, inputs: str = "{}", outputs: str = "{}", more: str = "") -> str:
    return (
        f"run_it = native('kfp', '''dsl.ContainerSpec({argument})''', imports=DSL, inputs={inputs}, "
        f"outputs={outputs}{more})\n"
    )


def body(*lines: str, parameters: str = "n: int = 1") -> str:
    return "\n@pipeline\ndef p(%s):\n%s\n" % (parameters, "".join(f"    {line}\n" for line in lines))


def mount(step: str = "claim", key: str = "name") -> str:
    given = {"taskOutputParameter": {"producerTask": step, "outputParameterKey": key}}
    entry = {"pvcNameParameter": given, "mountPath": "/data"}
    return f"\n@step(targets={{'kfp': {{'pvcMount': [{entry}]}}}})\ndef use(n: int) -> int:\n    return n\n"


MODES = "access_modes=['ReadWriteOnce'], size='1Gi'"
LISTED = "{'tables': list[Dataset]}"
PLAIN = "image='x:1', command=['run'], args=[rows]"
TWICE = spec(PLAIN, "{'rows': int}") + spec(PLAIN, "{'rows': str}").replace("run_it =", "again =")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (claim("size='1Gi'") + body("claim()"), "needs `access_modes`"),
        (claim(f"{MODES}, colour='red'") + body("claim()"), "takes access_modes, size"),
        (claim(f"{MODES}, volume_name=3") + body("claim()"), "`3` is no `str`"),
        (claim(f"{MODES}, volume_name=n", "{'n': int}") + body("claim(n)"), "'n' has to be a `str` there"),
        (claim(f"{MODES}, volume_name=n + '-x'", "{'n': str}") + body("claim('a')"), "neither an input nor a constant"),
        (claim(MODES, outputs="{'names': str}") + body("claim()"), "gives name, and no `names`"),
        (claim(MODES, outputs="{'name': Dataset}") + body("claim()"), "`name` of `kubernetes.CreatePVC` is a `str`"),
        (claim(MODES, more=", memory='1Gi'") + body("claim()"), "of all settings it has `cache` alone"),
        (claim(MODES, more=", cache='1d'") + body("return claim()"), "has no version or age"),
        (claim(MODES, outputs="{}") + body("return claim()"), "has to be declared"),
        ("a = native('kfp', 'kubernetes.Create()', imports=KUBERNETES)\n" + body("a()"), "none of the forms"),
        ("a = native('kfp', 'str(3)')\n" + body("a()"), "none of the forms"),
        ("a = native('kfp', 'dsl.WORKSPACE_PATH_PLACEHOLDER', imports=DSL, retries=1)\n" + body("a()"), "no task that"),
        (
            "a = native('kfp', 'dsl.importer(artifact_uri=\"gs://a\", artifact_class=dsl.Table)', imports=DSL)\n" + body("a()"),
            "`dsl.Table` is no class of artifacts",
        ),
        (spec("image='x:1'") + body("run_it()"), "needs `command`"),
        (spec("image='x:1', command='run'") + body("run_it()"), "are lists that are written out"),
        (spec("image='x:1', command=['run', 3]") + body("run_it()"), "`3` in its command line is no text"),
        (spec(PLAIN, "{'rows': tuple}") + body("run_it(n)"), "'rows' has no type that Kubeflow knows"),
        (spec("image='x:1', command=[a.size]", "{'a': Path}") + body("run_it(table(n))"), "is no field of an artifact"),
        (spec("image='x:1', command=[a.size]", "{'a': str}") + body("run_it('a')"), "looks into a value"),
        (spec(PLAIN, "{'rows': int}") + body("run_it('a')"), "rows = 'a' is no NUMBER_INTEGER"),
        (spec(PLAIN, "{'rows': list}") + body("run_it([float('nan')])"), "rows = "),
        (spec(PLAIN, "{'rows': int}") + body("try:", "    run_it(3)", "except Exception:", "    word(1)"), "in a `try`"),
        (spec("image='x:1', command=['a']", LISTED) + body("run_it([table(n)])"), "only a loop beside it can give"),
        (
            spec("image='x:1', command=['a']", LISTED)
            + body("found = [table(i) for i in [1, 2]]", "if n > 2:", "    run_it(found)"),
            "only a loop beside it can give",
        ),
        (spec("image=f'x:{tag}', command=['a']", "{'tag': str}") + body("run_it('1')"), "let it be all of it"),
        (spec("image='x:1', command=[a.path, 'b']", "{'a': Path}") + body("run_it(table(n))"), "begin with a program"),
        (spec(PLAIN, "{'rows': str}") + body("run_it('costs $$5')"), "would replace"),
        (spec(PLAIN, "{'rows': list}") + body("run_it(['{{workflow.name}}'])"), "would replace"),
        (spec(PLAIN, "{'rows': int}") + body("run_it(2**53 + 1)"), "hold no such integer"),
        (spec(PLAIN, "{'rows': dict}") + body("run_it({1: 2})"), "is no JSON"),
        (spec(PLAIN, "{'rows': int}", more=", env={'A': '{{workflow.name}}'}") + body("run_it(1)"), "in a variable"),
        (TWICE + body("run_it(1)", "again('a')"), "its container is that of 'run_it'"),
        (mount() + claim(MODES) + body("if n > 2:", "    claim()", "    use(1)"), "its claim has no name"),
        (
            "def tell(message: str) -> None:\n    print(message)\n\n"
            + spec("image='x:1', command=['a']", LISTED, more=", on_failure=tell")
            + body("for i in [1, 2]:", "    run_it([table(k) for k in [i, 3]])"),
            "its list 'tables' does not get into one",
        ),
        (mount() + claim(MODES) + body("use(1)", "claim()"), "does not stand above"),
        (mount() + claim(MODES) + body("use(1)"), "called 0 times"),
        (mount() + claim(MODES) + body("claim()", "claim()", "use(1)"), "called 2 times"),
        (mount() + claim(MODES) + body("if n:", "    claim()", "use(1)"), "does not stand above"),
        (mount("word", "Output") + body("word(1)", "use(1)"), "no output 'Output' that is a `str`"),
        (mount(key="names") + claim(MODES) + body("claim()", "use(1)"), "no output 'names'"),
    ],
)  # fmt: skip
def test_what_kubeflow_cannot_run_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    made, report = built(tmp_path, text)
    errors = [f for f in report if f.severity == "error"]
    assert not made and any(reason in f.message for f in errors), [f.message for f in errors]
    assert all(f.span.line > HEAD.count("\n") for f in errors)


def test_constants_of_the_module_are_read(tmp_path: Path) -> None:
    (spec_,), _ = built(tmp_path, claim("access_modes=['ReadWriteOnce'], size=SIZE") + body("claim()"))
    given = spec_["root"]["dag"]["tasks"]["claim"]["inputs"]["parameters"]
    assert given["size"] == {"runtimeValue": {"constant": "5Gi"}}


def test_a_claim_in_a_function_that_a_branch_calls_can_be_mounted(tmp_path: Path) -> None:
    """The DAG of that function has a condition, which the server's own task for a claim has not."""
    inner = "\n@pipeline\ndef inner(n):\n    claim()\n    return use(n)\n"
    made, report = built(tmp_path, mount() + claim(MODES) + inner + body("if n > 2:", "    inner(n)"))
    assert made, [f.message for f in report]


def test_claims_have_one_interface(tmp_path: Path) -> None:
    """A server keeps that of the first one for all, since their containers are equal."""
    other = claim(f"{MODES}, pvc_name='known', storage_class_name='nfs'").replace("claim =", "other =")
    (spec_,), _ = built(tmp_path, claim(f"{MODES}, pvc_name_suffix='-a'") + other + body("claim()", "other()"))
    one, two = (spec_["components"][f"comp-{name}"]["inputDefinitions"] for name in ("claim", "other"))
    assert one == two
    optional = {name for name, port in one["parameters"].items() if port.get("isOptional")}
    assert set(one["parameters"]) - optional == {"access_modes", "size"} and "storage_class_name" in optional


def test_importers_of_constants(tmp_path: Path) -> None:
    """The server looks for a URI among the inputs of the DAG alone, where no constant is."""
    words = "dsl.importer(artifact_uri=uri, artifact_class=dsl.Model)"
    source = f"known = native('kfp', '{words}', imports=DSL, inputs={{'uri': str}}, outputs={{'artifact': Model}})\n"
    (spec_,), _ = built(tmp_path, source + body("known('gs://a')", "known('gs://b')", "known(word(n))"))
    found = {
        str(one["importer"]["artifactUri"])
        for one in spec_["deploymentSpec"]["executors"].values()
        if "importer" in one
    }
    assert found == {"{'constant': 'gs://a'}", "{'constant': 'gs://b'}", "{'runtimeParameter': 'uri'}"}


def test_files_that_are_chosen_go_in_by_a_small_task(tmp_path: Path) -> None:
    text = spec("image='x:1', command=['x', a.path]", "{'a': Dataset}") + body(
        "one, other = table(1), table(2)", "run_it(one if n > 1 else other)"
    )
    (spec_,), _ = built(tmp_path, text)
    given = spec_["root"]["dag"]["tasks"]["run-it"]["inputs"]["artifacts"]["a"]["taskOutputArtifact"]
    assert given == {"producerTask": "arguments-of-run-it", "outputArtifactKey": "a"}
    made = spec_["components"]["comp-arguments-of-run-it"]["outputDefinitions"]["artifacts"]["a"]
    assert made["artifactType"]["schemaTitle"] == "system.Dataset"


def test_text_goes_in_as_it_is_and_the_rest_in_kubeflows_types(tmp_path: Path) -> None:
    ports = "{'a': str, 'b': str, 'c': int, 'd': dict, 'e': bool | None, 'f': int}"
    count = (
        "count = native('kfp', '''dsl.ContainerSpec(image='x:1', command=[k])''', imports=DSL, outputs={'k': int})\n"
    )
    lines = ("run_it(size, word(n), n, {'k': [1, 'x']}, None, count())",)
    text = count + spec("image='x:1', command=['{{$}}']", ports) + body(*lines, parameters="size: str, n: int = 1")
    (made,), _ = built(tmp_path, text)
    given = made["root"]["dag"]["tasks"]["run-it"]["inputs"]["parameters"]
    own = {"producerTask": "arguments-of-run-it"}
    assert given == {
        "a": {"componentInputParameter": "size"},
        "b": {"taskOutputParameter": {"outputParameterKey": "b", **own}},
        "c": {"taskOutputParameter": {"outputParameterKey": "c", **own}},
        "d": {"runtimeValue": {"constant": {"k": [1, "x"]}}},
        "f": {"taskOutputParameter": {"outputParameterKey": "k", "producerTask": "count"}},
    }
    kinds = {
        n: p["parameterType"] for n, p in made["components"]["comp-run-it"]["inputDefinitions"]["parameters"].items()
    }
    assert [*kinds.values()] == ["STRING", "STRING", "NUMBER_INTEGER", "STRUCT", "BOOLEAN", "NUMBER_INTEGER"]
    outputs = made["components"]["comp-arguments-of-run-it"]["outputDefinitions"]["parameters"]
    assert {n: p["parameterType"] for n, p in outputs.items()} == {"b": "STRING", "c": "NUMBER_INTEGER"}


def test_an_importer_gets_a_dag_of_its_own_where_it_would_have_to_wait(tmp_path: Path) -> None:
    fetch = (
        "fetch = native('kfp', 'dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset)', imports=DSL, "
        "inputs={'uri': str}, outputs={'artifact': Dataset})\n@step\ndef show(a: Dataset) -> int:\n    return 1\n"
    )
    lines = ("show(fetch(uri))", "if n:", "    show(fetch(word(n)))")
    (made,), _ = built(tmp_path, fetch + body(*lines, parameters="uri: str, n: int = 1"))
    importers = {"comp-fetch"}
    dags = {"root": made["root"], **{n: c for n, c in made["components"].items() if "dag" in c}}
    for dag in dags.values():
        for task in dag["dag"]["tasks"].values():
            if task["componentRef"]["name"] in importers:
                assert not task.keys() & {"dependentTasks", "triggerPolicy"}
                assert "componentInputParameter" in task["inputs"]["parameters"]["uri"]
    assert sum(t["componentRef"]["name"] in importers for d in dags.values() for t in d["dag"]["tasks"].values()) == 2


def test_what_waits_for_a_placeholder_waits_for_what_is_above(tmp_path: Path) -> None:
    place = "place = native('kfp', 'dsl.PIPELINE_JOB_NAME_PLACEHOLDER', imports=DSL, outputs={'name': str})\n"
    (made,), _ = built(tmp_path, place + body("word(1)", "name = place()", "table(name)"))
    task = made["root"]["dag"]["tasks"]["table"]
    assert task["dependentTasks"] == ["word"]
    assert task["inputs"]["parameters"]["n"] == {"runtimeValue": {"constant": "{{$.pipeline_job_name}}"}}


def test_a_workspace_needs_a_server_that_has_it(tmp_path: Path) -> None:
    text = "@pipeline(targets={'kfp': {'workspace': {'size': '1Gi', 'kubernetes': {'pvcSpecPatch': {'storageClassName': 'nfs'}}}}})\n"
    text += "def p(n: int = 1):\n    word(n)\n    word_of(place())\n"
    place = "place = native('kfp', 'dsl.WORKSPACE_PATH_PLACEHOLDER', imports=DSL, outputs={'path': str})\n"
    text = f"{place}def word_of(path: str) -> str:\n    return path\n\n{text}"
    (_, platform), _ = built(tmp_path, text)
    config = platform["platforms"]["kubernetes"]["pipelineConfig"]
    assert config == {"workspace": {"size": "1Gi", "kubernetes": {"pvcSpecPatch": {"storageClassName": "nfs"}}}}
    made, report = built(tmp_path, text, Site(versions={"kfp": "2.14"}))
    found = [f.message for f in report if "needs Kubeflow Pipelines 2.15 or later" in f.message]
    assert not made and len(found) == 2
