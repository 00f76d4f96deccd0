"""Existing DAG files as plain pipelines: accepted by the frontend, built for the targets, and the same when written back."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipec import backends
from pipec.backends.airflow.reading import AirflowReader
from pipec.backends.airflow.reading.templates import Fact, split
from pipec.compiler import passes
from pipec.compiler.diagnostics import Finding, Report
from pipec.compiler.frontend import read
from pipec.compiler.reading import Outcome, Source, render
from pipec.compiler.site import Site
from tests.support.discovery import ROOT

CASES = sorted(f for f in (Path(__file__).parent / "airflow").iterdir() if f.is_dir())
IDS = [c.name for c in CASES]


def read_text(text: str, name: str = "original.py") -> tuple[Outcome, list[Finding]]:
    """What the reader makes of `text`."""
    report = Report()
    outcome = AirflowReader().read(Source(Path(name), name, text), report)
    return outcome, list(report)


def read_case(case: Path) -> tuple[Outcome, list[Finding]]:
    return read_text((case / "original.py").read_text(encoding="utf-8"))


def module_of(text: str) -> str:
    outcome, findings = read_text(text)
    assert outcome.module is not None, [f.message for f in findings]
    return render(outcome.module)


def built(text: str, folder: Path, target: str) -> dict[str, str]:
    """The files of all pipelines of a module, by pipeline."""
    file = folder / "module.py"
    file.write_text(text, encoding="utf-8")
    report, site = Report(), Site()
    found: dict[str, str] = {}
    for pipeline in read(file, root=folder, site=site, report=report):
        assert not report.failed, [f.message for f in report]
        bundle = backends.get(target).build(passes.run(pipeline, report), site, report)
        assert bundle is not None and not report.failed, [f.message for f in report]
        found[pipeline.name] = bundle.files[bundle.main]
    return found


def has_natives(outcome: Outcome) -> bool:
    return any(t.status == "opaque" for p in outcome.pipelines for t in p.tasks)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_becomes_a_module_that_is_accepted(case: Path, tmp_path: Path) -> None:
    outcome, findings = read_case(case)
    assert outcome.module is not None, [f.message for f in findings]
    text = render(outcome.module)
    compile(text, "module.py", "exec")
    names = set(built(text, tmp_path, "airflow"))
    assert names >= {p.name for p in outcome.pipelines} != set()
    again, _ = read_case(case)
    assert again.module is not None and render(again.module) == text


@pytest.mark.parametrize("target", ["kfp", "metaflow"])
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_goes_to_other_targets_where_nothing_is_native(case: Path, target: str, tmp_path: Path) -> None:
    outcome, _ = read_case(case)
    if has_natives(outcome):
        pytest.skip("it has tasks that only Airflow can run")
    if (case.name, target) in {("assets", "kfp"), ("assets", "metaflow"), ("pods", "metaflow")}:
        pytest.skip("it has settings that the target has not")
    assert outcome.module is not None
    assert built(render(outcome.module), tmp_path, target)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_task_is_accounted_for(case: Path) -> None:
    """What is not exact is told of, and nothing is told of that is."""
    outcome, findings = read_case(case)
    for pipeline in outcome.pipelines:
        assert pipeline.tasks and pipeline.covered <= pipeline.total
        for task in pipeline.tasks:
            told = [f for f in findings if f.span == task.span or getattr(f, "task", "") == task.name]
            if task.status == "exact":
                assert not [f for f in told if f.code in ("PC503", "PC505")], task
            else:
                assert told or "sub-pipeline" in task.notes[-1], task


TEXTS = (
    "\nSELECT *\n    FROM t\n        \n          indented\nnot indented\nSELECT 1\n  FROM t\n"
    "\nSELECT *\n    FROM t\n        \nend\n"
)


def run_here(text: str, pipeline: str, **arguments: Any) -> str:
    """What a pipeline prints in plain Python."""
    namespace: dict[str, Any] = {"__name__": "module"}
    exec(compile(text.replace("from __future__ import annotations", ""), "module.py", "exec"), namespace)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        namespace[pipeline](**arguments)
    return shown.getvalue()


@pytest.mark.parametrize(
    ("case", "pipeline", "shown"),
    [
        ("taskflow_etl", "sales", "2 orders: 735.00\n"),
        ("classic_chain", "classic_training", "weight 6.0\n"),
        ("mapped", "mapped", "1 x\n1 y\n2 x\n2 y\n"),
        ("mapped_group", "mapped_group", "72\n"),
        ("branch_taskflow", "branch_taskflow", "done\n"),
        ("loops_and_factories", "copy_day", "copy 20 of customers\ncopy 10 of orders\n"),
        ("callables_of_all_kinds", "callables_of_all_kinds", "x!\n"),
        ("short_circuit", "short_circuit", "published 4\n"),
        ("task_groups", "task_groups", "left right\n"),
        ("branch_values", "branch_values", "report kept\n"),
        ("texts_of_several_lines", "texts_of_several_lines", TEXTS),
    ],
)
def test_runs_in_plain_python(case: str, pipeline: str, shown: str) -> None:
    outcome, _ = read_case(Path(__file__).parent / "airflow" / case)
    assert outcome.module is not None
    assert run_here(render(outcome.module), pipeline) == shown


@cache
def measured() -> dict[str, dict[str, Any]]:
    """The cases, read and written back, and compared by Airflow itself."""
    files = [str(case / "original.py") for case in CASES]
    return {Path(r["file"]).parent.name: r for r in corpus("--files", *files)}


def corpus(*arguments: str) -> list[dict[str, Any]]:
    """What the harness says, in a process of its own."""
    out = Path(os.environ.get("TMPDIR", "/tmp")) / f"pipec-corpus-airflow-{os.getpid()}.json"
    command = [sys.executable, "-m", "tests.reading.corpus_airflow", "--json", str(out), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    try:
        found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    finally:
        out.unlink(missing_ok=True)
    return found


REWRITTEN = ("branch_threshold", "branch_taskflow", "branch_values", "mapped_group")
"""Cases with branches or mapped groups: pipec writes operators of its own for them."""


@pytest.mark.orchestrator
@pytest.mark.xdist_group("read-airflow")
@pytest.mark.parametrize("case", IDS)
def test_is_the_same_when_written_back(case: str) -> None:
    result = measured()[case]
    assert not result["wrong"]
    if not result["unloadable"]:
        refused = result["codes"].get("PC506", 0)
        assert result["same"] + result["redundant"] + result["restructured"] == result["dags"] - refused
        assert bool(result["restructured"]) == (case in REWRITTEN)


@pytest.mark.slow
@pytest.mark.orchestrator
@pytest.mark.xdist_group("read-airflow")
def test_airflows_own_examples() -> None:
    results = [r for r in corpus() if r["status"] != "no DAG"]
    assert len(results) > 50
    assert [r["file"] for r in results if r["wrong"] or r["crashed"]] == []
    fine = [r for r in results if r["status"] in ("exact", "adapted", "opaque")]
    assert len(fine) >= 0.7 * len(results)


# what is refused

DAG = """
from airflow.sdk import DAG, task
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("one", schedule=None) as dag:
{}
"""


def in_dag(body: str) -> str:
    return DAG.format("\n".join(f"    {line}" for line in body.strip().split("\n")))


def codes(text: str) -> list[str]:
    return sorted(f.code for f in read_text(text)[1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["PC502"]),
        ("x = 1\n", ["PC502"]),
        ("import airflow\n\ndef f(:\n", ["PC501"]),
        ("from airflow import DAG\nx = '\0'\n", ["PC501"]),
        ("(" * 5000 + ")" * 5000, ["PC501"]),
        ("x = " + "-" * 20000 + "1\n", ["PC501"]),
        ("x = [" + "[" * 80 + "]" * 80 + "]\n", ["PC502"]),
        (in_dag("BashOperator(task_id='a', bash_command='a'" + ")" * 3), ["PC501"]),
        (in_dag("import os\nfor t in os.listdir('.'):\n    EmptyOperator(task_id=t)"), ["PC506"]),
        (in_dag("a = EmptyOperator(task_id='a')\na >> a >> EmptyOperator(task_id='b') >> a"), ["PC506"]),
        (in_dag("EmptyOperator(task_id='a')\nEmptyOperator(task_id='a')"), ["PC506"]),
        ("from airflow import DAG\nimport os\ndag = DAG(os.environ['NAME'])\n", ["PC506"]),
        (in_dag("def f():\n    return f()\nf()"), ["PC506"]),
        (in_dag("x = 'a' * 10 ** 9\ny = [0] * 10 ** 9\nEmptyOperator(task_id='a')"), []),
        (in_dag("for i in range(10 ** 9):\n    EmptyOperator(task_id=f'a{i}')"), ["PC506"]),
        (in_dag("for i in range(9000):\n    for j in range(9000):\n        k = i + j\nEmptyOperator(task_id='a')"), ["PC506"]),
    ],
)  # fmt: skip
def test_hostile_files(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_truncated_files_never_crash() -> None:
    for case in CASES:
        text = (case / "original.py").read_text(encoding="utf-8")
        for end in range(0, len(text), 97):
            outcome, findings = read_text(text[:end])
            assert outcome.module is not None or findings


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("{{ ds }}", [Fact("ds")]),
        ("a {{ params.x }} b", ["a ", Fact("param", "x"), " b"]),
        ("{{ ti.xcom_pull(task_ids='a', key='k') }}", [Fact("pull", "k", ("a",))]),
        ("{{ task_instance.xcom_pull('a')['x'] }}", [Fact("pull", "", ("a",), path=("x",))]),
        ("{% if x %}a{% endif %}", None),
        ("{{ ds | upper }}", None),
        ("{{ macros.ds_add(ds, 1) }}", None),
        ("{{ ti.xcom_pull() }}", None),
    ],
)
def test_templates(template: str, parts: object) -> None:
    assert split(template) == parts


# what changes when functions are made steps


def test_what_is_pushed_is_returned() -> None:
    text = module_of(
        in_dag("""
def push(**context):
    context["ti"].xcom_push(key="a", value=1)
    if True:
        return 2

def pull(ti):
    print(f"{ti.xcom_pull(task_ids='push', key='a')} {ti.xcom_pull(task_ids='push')}")

one = PythonOperator(task_id="push", python_callable=push)
one >> PythonOperator(task_id="pull", python_callable=pull)
""")
    )
    assert run_here(text, "one") == "1 2\n"
    assert "context" not in text and "ti" not in text.split()


def test_order_without_data_is_not_data() -> None:
    """A pull of what need not have run before would become an edge: the task stays in Airflow's words."""
    body = """
def push():
    return 1

def pull(ti):
    print(ti.xcom_pull(task_ids="push"))

PythonOperator(task_id="push", python_callable=push)
PythonOperator(task_id="pull", python_callable=pull)
"""
    assert codes(in_dag(body)) == ["PC503", "PC503"]


def test_what_a_native_task_reads_is_native() -> None:
    """pipec stores results in a form of its own, which operators of Airflow do not know."""
    body = """
@task
def numbers():
    return {"b": 1.0, "a": 2}

numbers() >> BashOperator(task_id="shown", bash_command="echo {{ ti.xcom_pull(task_ids='numbers') | tojson }}")
"""
    assert codes(in_dag(body)) == ["PC503", "PC503"]


def test_skips_are_native() -> None:
    body = """
from airflow.sdk.exceptions import AirflowSkipException

@task
def maybe():
    raise AirflowSkipException

maybe() >> EmptyOperator(task_id="after")
"""
    assert codes(in_dag(body)) == ["PC503"]


def test_a_branch_that_is_no_block_stays_a_branch() -> None:
    body = """
@task.branch
def choose():
    return "a" if len("x") else "b"

a, b, c = (EmptyOperator(task_id=n) for n in "abc")
choose() >> [a, b]
[a, b] >> c
"""
    assert "PC503" in codes(in_dag(body))  # `c` waits for both, one of which is always skipped


def test_functions_called_twice_keep_their_ids() -> None:
    text = module_of(
        in_dag("""
@task
def show(n):
    print(n)

show(1) >> show(2)
show.override(task_id="last")(3)
""")
    )
    assert "def last(n)" in text


def test_callables_that_hide_names_of_pipec() -> None:
    """A task called `run`, `step` or `pipeline` has another name, and the same id."""
    text = module_of(in_dag("a = EmptyOperator(task_id='step')\na >> EmptyOperator(task_id='run')"))
    assert 'targets={"airflow": {"task_id": "step"}}' in text
    assert run_here(text, "one") == ""
