"""The reader of Kubeflow's Python source against its real compiler: the documents are equal, not similar."""

from __future__ import annotations

import copy
import importlib.util
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec.backends.kfp.reading.documents import Documents
from pipec.backends.kfp.reading.dsl import documents_of
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source

HERE = Path(__file__).parent / "kfp_dsl"
CASES = sorted(path.parent.name for path in HERE.glob("*/original.py"))
COMPILED = [case for case in CASES if not case.startswith("v1_")]
"""Those that the compiler takes: it is of version 2."""
CALLS: dict[str, dict[str, Any]] = {
    "compiled_with_parameters": {
        "pipeline_name": "special", "pipeline_display_name": "A special one", "pipeline_parameters": {"n": 5},
    }
}  # fmt: skip
"""What a case itself gives to the compiler."""
UP_TO_NAMES = {"artifact_uris", "nested_pipelines"}
"""Where names clash in nested pipelines, the compiler numbers them in another order in every process."""


def read(text: str, path: Path = HERE / "original.py", root: Path = HERE) -> tuple[tuple[Documents, ...], Report]:
    report = Report()
    return documents_of(Source(path, path.name, text, root), report), report


def read_case(name: str) -> tuple[tuple[Documents, ...], Report]:
    path = HERE / name / "original.py"
    return read(path.read_text(encoding="utf-8"), path, path.parent)


@pytest.fixture
def compiled(tmp_path: Path) -> Iterator[Any]:
    """Imports a case as its author would, and compiles its pipelines."""
    kfp = pytest.importorskip("kfp")
    known, paths = set(sys.modules), list(sys.path)

    def compile_case(name: str) -> dict[str, list[dict[str, Any]]]:
        folder = HERE / name
        sys.path.insert(0, str(folder))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec = importlib.util.spec_from_file_location("original", folder / "original.py")
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules["original"] = module
            spec.loader.exec_module(module)
            found = {}
            components = [value for value in vars(module).values() if type(value).__name__.endswith("Component")]
            pipelines = [value for value in components if type(value).__name__ == "GraphComponent"]
            for value in pipelines or components:
                package = tmp_path / "pipeline.yaml"
                kfp.compiler.Compiler().compile(value, str(package), **CALLS.get(name, {}))
                documents = list(yaml.safe_load_all(package.read_text(encoding="utf-8")))
                found[documents[0]["pipelineInfo"]["name"]] = [*documents, {}][:2]
        return found

    yield compile_case
    sys.path[:] = paths
    for name in set(sys.modules) - known:
        if str(HERE) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def neutral(value: Any, key: str = "") -> Any:
    """Without the version of the SDK, and without what its own two components say about themselves."""
    if isinstance(value, dict):
        value = {k: neutral(v, k) for k, v in value.items() if k != "sdkVersion"}
        if re.match("comp-(create|delete)pvc", key):
            for section in ("inputDefinitions", "outputDefinitions"):
                for port in value.get(section, {}).get("parameters", {}).values():
                    port.pop("description", None)
        return value
    if isinstance(value, list):
        return [neutral(one) for one in value]
    return re.sub(r"kfp==[\d.]+", "kfp==*", value) if isinstance(value, str) else value


def renamed(spec: dict[str, Any], platform: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """With components and executors that are named by where they are used."""
    spec, platform = copy.deepcopy(spec), copy.deepcopy(platform)
    executors = spec["deploymentSpec"]["executors"]
    settings = platform.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {}).get("executors", {})
    components: dict[str, Any] = {}
    new_executors: dict[str, Any] = {}
    new_settings: dict[str, Any] = {}

    def walk(definition: dict[str, Any], place: str) -> None:
        label = definition.get("executorLabel")
        if label is not None:
            definition["executorLabel"] = place
            new_executors[place] = executors[label]
            if label in settings:
                new_settings[place] = settings[label]
        for name, task in definition.get("dag", {}).get("tasks", {}).items():
            inner = copy.deepcopy(spec["components"][task["componentRef"]["name"]])
            task["componentRef"]["name"] = f"{place}/{name}"
            components[f"{place}/{name}"] = inner
            walk(inner, f"{place}/{name}")

    walk(spec["root"], "")
    executors.clear()
    executors.update(new_executors)
    settings.clear()
    settings.update(new_settings)
    spec["components"] = components
    return spec, platform


@pytest.mark.orchestrator
@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("case", COMPILED)
def test_documents_are_those_of_the_compiler(case: str, compiled: Any) -> None:
    expected = compiled(case)
    found, report = read_case(case)
    assert [finding for finding in report if finding.severity == "error"] == []
    assert found
    for documents in found:
        spec, platform = expected[documents.spec["pipelineInfo"]["name"]]
        ours, theirs = (neutral(documents.spec), neutral(documents.platform)), (neutral(spec), neutral(platform))
        if case in UP_TO_NAMES:
            ours, theirs = renamed(*ours), renamed(*theirs)
        assert ours == theirs


def entry(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize("case", CASES)
def test_places_and_names_are_those_of_entries(case: str) -> None:
    found, _ = read_case(case)
    for documents in found:
        both = {**documents.spec, **documents.platform}
        for path, span in documents.places.items():
            assert entry(both, path) is not None
            assert span.line >= 1, path
        for path, name in documents.names.items():
            assert entry(documents.spec, path) and name.isidentifier()
        for label, source in documents.sources.items():
            assert label in documents.spec["deploymentSpec"]["executors"]
            assert source.startswith("def ")
        for path in task_paths(documents.spec):
            assert path in documents.places


def task_paths(spec: Any) -> Iterator[tuple[str, ...]]:
    for prefix, definition in [(("root",), spec["root"])] + [
        (("components", name), one) for name, one in spec["components"].items()
    ]:
        for name in definition.get("dag", {}).get("tasks", {}):
            yield (*prefix, "dag", "tasks", name)


def test_tasks_are_in_the_order_of_the_source() -> None:
    (documents,), _ = read_case("condition_branches")
    assert list(documents.spec["root"]["dag"]["tasks"]) == [
        "grade", "condition-branches-1", "tell-2", "condition-branches-6",
    ]  # fmt: skip


def test_names_and_sources_are_those_of_the_user() -> None:
    (documents,), _ = read_case("linear_chain")
    tasks = {path[-1]: name for path, name in documents.names.items()}
    assert tasks == {"root": "training", "prepare": "table", "train": "model"}
    assert "    # one line a row\n" in documents.sources["exec-prepare"]
    assert "@dsl" not in documents.sources["exec-prepare"]
    span = documents.places["root", "dag", "tasks", "train", "inputs", "parameters", "rate"]
    assert (span.line, span.column, span.end_column) == (32, 44, 48)


HEAD = """
import os
import random
import requests
from datetime import datetime
from kfp import components, dsl, kubernetes

@dsl.component
def work(n: int) -> int:
    return n

@dsl.component
def say(text: str):
    print(text)

@dsl.pipeline
def pipe(n: int = 1):
"""

REFUSED = {
    "network": ("    work(n=requests.get('x').json()['n'])", "PC506", "requests.get"),
    "library_component": ("    requests.component(n=1)", "PC506", "requests.component"),
    "library_task": ("    task = requests.component(n=1)\n    work(n=1)", "PC506", "requests.component"),
    "time": ("    say(text=f'{datetime.now()}')", "PC506", "datetime.datetime.now"),
    "chance": ("    for _ in range(random.randint(1, 3)):\n        work(n=1)", "PC506", "random.randint"),
    "environment": ("    say(text=os.environ['NAME'])", "PC506", "os.environ"),
    "environment_get": ("    say(text=os.environ.get('NAME'))", "PC506", "NAME"),
    "file": ("    say(text=open('x').read())", "PC506", "open"),
    "url": ("    components.load_component_from_url('https://x')()", "PC506", "load_component_from_url"),
    "unknown_name": ("    work(n=nowhere)", "PC506", "nowhere"),
    "unknown_condition": ("    if datetime.now().hour > 3:\n        work(n=1)", "PC506", "datetime"),
    "loop_over_a_value": ("    for x in work(n=1).output:\n        work(n=x)", "PC501", "ParallelFor"),
    "arithmetic": ("    work(n=work(n=1).output + 1)", "PC501", "compute"),
    "positional": ("    work(1)", "PC501", "keyword"),
    "missing_argument": ("    work()", "PC501", "missing"),
    "unknown_argument": ("    work(n=1, m=2)", "PC501", "`m`"),
    "wrong_type": ("    work(n='x')", "PC501", "Integer"),
    "wrong_output": ("    say(text=work(n=1).output)", "PC501", "Integer"),
    "label_no_text": (
        "    kubernetes.add_node_selector(work(n=1), label_key='pool', label_value=3)", "PC501", "`3` is no text"
    ),
    "toleration_no_text": ("    kubernetes.add_toleration(work(n=1), key=4)", "PC501", "`4` is no text"),
    "name_no_text": ("    kubernetes.add_pod_label(work(n=1), label_key=None, label_value='x')", "PC501", "label_key"),
    "none": ("    say(text=None)", "PC501", "None"),
    "task_as_value": ("    work(n=work(n=1))", "PC501", ".output"),
    "no_task": ("    pass", "PC501", "no task"),
    "too_long": ("    while True:\n        pass", "PC506", "too long"),
    "recursion": ("    def again():\n        again()\n    again()", "PC506", "calls itself"),
    "else_alone": ("    with dsl.Else():\n        work(n=1)", "PC501", "dsl.If"),
    "constant_condition": ("    with dsl.If(1 == 1):\n        work(n=1)", "PC501", "comparison"),
    "from_a_branch": (
        "    with dsl.If(n == 1):\n        a = work(n=1)\n    work(n=a.output)", "PC501", "block"
    ),
    "raised": ("    raise ValueError('no')", "PC501", "ValueError"),
    "cannot_be_evaluated": ("    match n:\n        case 1:\n            pass", "PC506", "match"),
    "huge": ("    say(text='x' * 10 ** 9)", "PC506", "large"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    body, code, word = REFUSED[name]
    found, report = read(HEAD + body + "\n")
    errors = [finding for finding in report if finding.severity == "error"]
    assert found == ()
    assert [finding.code for finding in errors] == [code], errors
    assert word in errors[0].message + errors[0].help, errors[0].message
    assert errors[0].span.line > 16, errors[0]


def test_functions_return_what_they_would() -> None:
    """What a function of the file cannot do statically is refused there, and not passed over."""
    container = """
def told(given):
    def plain(value):
        return sorted(value)

    {body}
    return json.dumps(given, default=plain)

@dsl.container_component
def speak():
    return dsl.ContainerSpec(image="alpine", command=["echo"], args=[told({{"n": {{2, 1}}}})])

@dsl.pipeline
def talking():
    speak()
"""
    head = "import json\n" + HEAD[: HEAD.index("@dsl.pipeline")]
    (found,), report = read(head + container.format(body="pass"))
    assert not [f for f in report if f.severity == "error"]
    assert found.spec["deploymentSpec"]["executors"]["exec-speak"]["container"]["args"] == ['{"n": [1, 2]}']
    text = head + container.format(body="given = fetch(given)")
    nothing, report = read(text)
    (error,) = (f for f in report if f.severity == "error")
    assert nothing == () and "fetch" in error.message
    assert text.splitlines()[error.span.line - 1].strip() == "given = fetch(given)"


def test_one_bad_pipeline_leaves_the_others() -> None:
    text = HEAD + "    work(n=nowhere)\n\n@dsl.pipeline\ndef good():\n    work(n=1)\n"
    found, report = read(text)
    assert [one.spec["pipelineInfo"]["name"] for one in found] == ["good"]
    assert [finding.code for finding in report] == ["PC506"]


def test_nothing_here() -> None:
    found, report = read("def f():\n    return 1\n")
    assert found == () and [finding.code for finding in report] == ["PC502"]


def test_no_python() -> None:
    found, report = read("def f(:\n")
    assert found == () and [finding.code for finding in report] == ["PC501"]


def test_reading_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = HEAD + f"    open({str(mark)!r}, 'w').write('x')\n    os.system('touch {mark}')\n    work(n=1)\n"
    found, _ = read(text + f"open({str(mark)!r}, 'w')\nos.mkdir({str(mark)!r})\nexec('1/0')\n")
    assert len(found) == 1 and not mark.exists()


def test_environment_is_told() -> None:
    _, report = read_case("environment_variables")
    assert sorted(finding.code for finding in report) == ["PC507", "PC507"]


def test_names_of_the_module_are_brought_along() -> None:
    (documents,), report = read_case("module_level_names")
    assert documents.imports == (
        "from typing import Optional", "import json", "import math as m", "from statistics import mean",
    )  # fmt: skip
    assert documents.definitions == (
        "# the limit of everything\nLIMIT = 10",
        "FACTORS = [LIMIT, 2]",
        "def clip(n: Optional[int]):\n    # a helper\n    return min(n, LIMIT) * FACTORS[0]",
    )
    (incomplete,) = [finding.message for finding in report]
    assert "here it works" in incomplete and "`clip`, `json`" in incomplete


def test_names_that_nothing_defines_are_refused() -> None:
    text = HEAD.replace("    return n", "    return client.ask(n) + say.python_func(n)") + "    work(n=1)\n"
    found, report = read(text)
    (finding,) = report
    assert found == () and finding.code == "PC506" and "`client`, `say`" in finding.message
    assert finding.span.line == 9


def test_functions_given_along_are_no_free_names() -> None:
    (documents,), report = read_case("additional_functions")
    assert documents.definitions == () and list(report) == []


def test_free_names() -> None:
    from pipec.backends.kfp.reading.dsl.definitions import free_names

    source = "def f(a: Input[Model], b: Foo = BAR) -> List[int]:\n    import x\n    return [x.y(c, a, d) for c in b]\n"
    assert free_names(source) == {"Foo", "BAR", "d"}


def test_pipelines_of_one_file_share_what_is_the_same() -> None:
    from pipec.backends.kfp.reading.dsl.outcomes import merged
    from pipec.compiler.reading import Definition, Line, Module, Nested, Outcome, PipelineFunction, StepFunction, render

    load = StepFunction("def load(n):\n    return n")
    fast = StepFunction("def work(n):\n    return work_on(n)", {"cpu": "2"})
    slow = StepFunction("def work(n):\n    return work_on(n)", {"cpu": "1"})
    helper = Definition("def work_on(n):\n    return n")
    first = PipelineFunction("one", body=(Line("x = load(1)"), Line("work(x)")))
    second = PipelineFunction(
        "two", body=(Line("work = load(n=1)"), Nested("for i in work(work):", (Line("work(i)"),)))
    )
    one = Outcome(Module((load, helper, fast, first), ("import math",)))
    two = Outcome(Module((load, helper, slow, second), ("import math", "import json")))
    module = merged([one, Outcome(None), two], "Both.").module
    assert module is not None
    assert (
        render(module)
        == '''"""Both."""

import json
import math

from pipec import pipeline, step


@step
def load(n):
    return n


def work_on(n):
    return n


@step(cpu=2)
def work(n):
    return work_on(n)


@pipeline
def one():
    x = load(1)
    work(x)


@step(cpu=1)
def work_2(n):
    return work_on(n)


@pipeline
def two():
    work = load(n=1)
    for i in work_2(work):
        work_2(i)
'''
    )
    assert merged([Outcome(None)]).module is None


V1 = """
from kfp import dsl

def op(name, arguments, **more):
    return dsl.ContainerOp(name=name, image="alpine", command=["sh", "-c"], arguments=arguments, **more)

@dsl.pipeline(name="first")
def first(text="x", count=3):
"""


def first(body: str) -> tuple[tuple[Documents, ...], list[tuple[str, str]]]:
    found, report = read(V1 + body + "\n")
    return found, [(finding.code, finding.message) for finding in report]


def test_version_1_files_become_outputs_of_the_launcher() -> None:
    (documents,), told = first(
        "    a = op('Make it', ['echo %s > /tmp/out && cat /tmp/out.log' % text], file_outputs={'The file': '/tmp/out'})\n"
        "    op('use', ['echo', a.output, count]).after(a)"
    )
    executors = documents.spec["deploymentSpec"]["executors"]
    assert executors["exec-make-it"]["container"]["args"] == [
        "echo {{$.inputs.parameters['text']}} > {{$.outputs.parameters['the_file'].output_file}} && cat /tmp/out.log"
    ]
    assert executors["exec-use"]["container"]["args"] == [
        "echo", "{{$.inputs.parameters['make_it_the_file']}}", "{{$.inputs.parameters['count']}}",
    ]  # fmt: skip
    assert documents.spec["root"]["dag"]["tasks"]["use"]["dependentTasks"] == ["make-it"]
    assert told == []


@pytest.mark.parametrize(
    "body, code, word",
    [
        ("    a = op('a', ['x'], file_outputs={'o': '/tmp/o'})\n    op('b', [a.output])", "PC506", "/tmp/o"),
        ("    op('a', ['x']).add_volume(None)", "PC506", "add_volume"),
        ("    op('a', ['x'], sidecars=[1])", "PC506", "sidecars"),
        ("    dsl.VolumeOp(name='v', size='1Gi')\n    op('a', ['x'])", "PC506", "VolumeOp"),
    ],
)
def test_version_1_refused(body: str, code: str, word: str) -> None:
    found, told = first(body)
    assert found == () and [one for one, _ in told] == [code] and word in told[0][1], told


def test_version_1_cache_is_off() -> None:
    (documents,), told = first(
        "    a = op('a', ['x'])\n    a.execution_options.caching_strategy.max_cache_staleness = 'P0D'"
    )
    assert documents.spec["root"]["dag"]["tasks"]["a"]["cachingOptions"] == {} and told == []


def test_component_alone_may_take_a_final_status() -> None:
    text = "from kfp import compiler, dsl\n\n@dsl.component\ndef look(status: dsl.PipelineTaskFinalStatus):\n    print(status)\n"
    (documents,), report = read(text + "\ncompiler.Compiler().compile(look, 'look.yaml')\n")
    assert list(documents.spec["root"]["dag"]["tasks"]) == ["look"] and list(report) == []


def test_version_1_settings_that_are_not_kept() -> None:
    found, told = first(
        "    op('a', ['x']).apply(nowhere(1)).add_pod_label('a', 'b')\n    dsl.get_pipeline_conf().set_parallelism(2)"
    )
    assert len(found) == 1 and sorted(one for one, _ in told) == ["PC505", "PC505"], told
