"""Operators and isolated steps of DAG files that pipec has written come back as what they were made of."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pipec.backends.airflow import AirflowBackend
from pipec.backends.airflow.reading import AirflowReader
from pipec.backends.airflow.reading.own.commands import Word, templates
from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.reading import Outcome, Source, render
from pipec.compiler.site import Site
from tests.support.discovery import ROOT

CASES = ROOT / "tests/cases"
SAME = ("container_settings", "settings_isolation", "settings_docker", "settings_pod")
"""Cases that are written anew byte for byte, but for the digests of cached code."""
ALIKE = ("container_json", "native_operators", "native_positional", "settings_isolation_all", "container_in_branch")
"""Those in which a variable has another name, after which tasks of pipec's own are called."""
_DIGEST = re.compile(r'(@cached\(")[0-9a-f]{16}')


def built(case: str) -> dict[str, str]:
    """The committed files of a case."""
    folder = CASES / case / "built/airflow"
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.py")}


def reading(folder: Path, name: str) -> tuple[Outcome, Report]:
    file, report = folder / f"{name}.py", Report()
    return AirflowReader().read(Source(file, file.name, file.read_text(encoding="utf-8"), folder), report), report


def written(outcome: Outcome, folder: Path, artifacts: str) -> dict[str, str]:
    """The files of a pipeline that was read, built for Airflow."""
    assert outcome.module is not None
    module = folder / "module.py"
    module.write_text(render(outcome.module), encoding="utf-8")
    report, site = Report(), Site(artifact_root=artifacts)
    [pipeline] = read(module, root=folder, site=site, report=report)
    bundle = AirflowBackend().build(passes.run(pipeline, report), site, report)
    assert bundle is not None, [f.message for f in report]
    return {Path(name).name: text for name, text in bundle.files.items()}


def again(case: str, folder: Path) -> tuple[str, dict[str, str]]:
    """The module that a case comes back as, and what is built from it."""
    files = built(case)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    outcome, report = reading(folder, case)
    assert outcome.module is not None, [f.message for f in report]
    artifacts = "s3://bucket/artifacts" if "s3://bucket/artifacts" in files[f"{case}.py"] else ""
    return render(outcome.module), written(outcome, folder, artifacts)


@pytest.mark.parametrize("case", SAME)
def test_is_written_anew_as_it_was(case: str, tmp_path: Path) -> None:
    _, found = again(case, tmp_path)
    assert {n: _DIGEST.sub(r"\1", t) for n, t in found.items()} == {
        n: _DIGEST.sub(r"\1", t) for n, t in built(case).items()
    }


@pytest.mark.parametrize("case", (*SAME, *ALIKE))
def test_reads_to_the_same_from_then_on(case: str, tmp_path: Path) -> None:
    text, found = again(case, tmp_path)
    for name, content in found.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    outcome, _ = reading(tmp_path, case)
    assert outcome.module is not None and render(outcome.module) == text


def test_calls_of_one_container_are_put_together(tmp_path: Path) -> None:
    text, _ = again("container_json", tmp_path)
    assert text.count("= container(") == 4
    assert '["--rows={rows}", "--name", "{name}", "--options", "{options}", "--out", "{out}"]' in text
    assert 'inputs={"rows": int, "name": str, "options": dict[str, int]}' in text
    assert 'count(rows=n, name="static", options={"depth": n})' in text


def test_native_operators_are_named(tmp_path: Path) -> None:
    again("native_operators", tmp_path)
    outcome, report = reading(tmp_path, "native_operators")
    [pipeline] = outcome.pipelines
    assert {task.name: task.status for task in pipeline.tasks} == {
        "prepare": "exact", "greet": "opaque", "loud": "opaque", "each": "opaque", "report": "exact",
    }  # fmt: skip
    assert [f.code for f in report].count("PC503") == 3


NATIVE = """
from airflow.sdk import BaseOperator
from pipec import native, pipeline, step


class Counted(BaseOperator):
    def execute(self, context):
        return 1


@step
def prepare(n: int) -> int:
    return n


first = native("airflow", "Counted(task_id='first')")
second = native("airflow", "EmptyOperator(task_id='second', trigger_rule='all_done', doc=str(first.output))",
                imports=["from airflow.providers.standard.operators.empty import EmptyOperator"])


@pipeline
def one(n: int = 1):
    prepare(n)
    first()
    second()
"""


def dag_of(text: str, folder: Path) -> Path:
    """The DAG file of the pipeline `one`."""
    module, report = folder / "source.py", Report()
    module.write_text(text, encoding="utf-8")
    [pipeline] = read(module, root=folder, site=Site(), report=report)
    bundle = AirflowBackend().build(passes.run(pipeline, report), Site(), report)
    assert bundle is not None, [f.message for f in report]
    file = folder / "one.py"
    file.write_text(bundle.files[bundle.main], encoding="utf-8")
    return file


def test_operators_name_each_other_by_their_steps(tmp_path: Path) -> None:
    dag_of(NATIVE, tmp_path)
    outcome, _ = reading(tmp_path, "one")
    assert outcome.module is not None
    text = render(outcome.module)
    assert "from airflow.sdk import BaseOperator" in text
    assert 'first = native("airflow", \'Counted(task_id="first")\')' in text
    assert 'trigger_rule="all_done", doc=str(first.output))' in text
    assert text.endswith("    prepare(n)\n    first()\n    second()\n")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('Counted(task_id="first")', 'Counted(task_id="first", count=prepare_done)', "which an operator cannot read"),
        ('Counted(task_id="first")', 'Counted(task_id="first", count=nothing)', "`nothing` is not known"),
        ('Counted(task_id="first")', 'Counted(count=1)', "is not known"),
        (
            'trigger_rule="all_done"',
            'trigger_rule="none_failed_min_one_success"',
            "it is not known in which arm it stands",
        ),
    ],
)  # fmt: skip
def test_refuses_operators_that_it_does_not_know(old: str, new: str, reason: str, tmp_path: Path) -> None:
    file = dag_of(NATIVE, tmp_path)
    text = file.read_text(encoding="utf-8")
    changed = text.replace("    prepare(dag", "    prepare_done = prepare(dag").replace(old, new)
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    outcome, report = reading(tmp_path, "one")
    assert outcome.module is None
    [finding] = report
    assert finding.code == "PC506" and reason in finding.message


def test_says_that_the_code_of_isolated_steps_is_missing(tmp_path: Path) -> None:
    name = "settings_isolation.py"
    (tmp_path / name).write_text(built("settings_isolation")[name], encoding="utf-8")
    outcome, report = reading(tmp_path, "settings_isolation")
    assert outcome.module is None
    [finding] = report
    assert finding.code == "PC506" and "settings_isolation_steps.py beside it, cannot be read" in finding.message


def words(*parts: object) -> list[Word]:
    """A command line; a name is what the run gives."""
    given = [p if isinstance(p, tuple) else (p,) for p in parts]
    return [Word(tuple(ast.Name(x[1:]) if str(x).startswith("$") else str(x) for x in one)) for one in given]


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([words("a", "b")], [("a",), ("b",)]),
        ([words("a", "$x"), words("a", "b")], [("a",), ("", "")]),
        ([words("a", ("--n=", "$x")), words("a", "--n=3")], [("a",), ("--n=", "")]),
        ([words("--n=1"), words("--n=2")], [("--n=", "")]),
        ([words("one"), words("two")], [("", "")]),
        ([words(("--n=", "$x")), words("--m=3")], None),
        ([words(("$x", ":", "$y")), words("1:2")], None),
        ([words(("$x", ":", "$y")), words(("$z", ":", "$z"))], [("", ":", "")]),
    ],
)
def test_what_commands_have_in_common(calls: list[list[Word]], expected: list[tuple[str, ...]] | None) -> None:
    found = templates(calls)
    assert (found if found is None else [template.texts for template in found]) == expected


ASKED = """
from pipec import pipeline, step


@step(targets={"airflow": {"task_id": "ours.load-rows"}})
def load() -> list[int]:
    return [1]


@step
def show(rows: list[int], name: str) -> None:
    print(rows, name)


@pipeline
def one():
    rows = load()
    show(rows, "a")
    show(rows, "b")
"""


def test_ids_that_were_asked_for_come_back(tmp_path: Path) -> None:
    file = dag_of(ASKED, tmp_path)
    assert '    with TaskGroup("ours"):\n        rows = load()\n' in file.read_text(encoding="utf-8")
    outcome, _ = reading(tmp_path, "one")
    assert outcome.module is not None
    text = render(outcome.module)
    assert '@step(targets={"airflow": {"task_id": "ours.load-rows"}})\ndef load' in text
    assert "@step\ndef show" in text
