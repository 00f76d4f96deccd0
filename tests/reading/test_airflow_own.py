"""What pipec has written for Airflow is read back, and does the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec.backends.airflow.reading import own
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source, render
from tests.reading.airflow_own import built, judge, migrated
from tests.support.discovery import ROOT, Case
from tests.support.plain import PlainPython

FILES = list(built())
OTHERWISE = {
    # Airflow runs the step that stands in for a native one of Kubeflow, and its DAG file knows of no other
    "native_otherwise": "calls {'length': 2} against {'copied': 2, 'length': 2}",
    # the DAG goes on after an iteration has failed, as a fan-out does on every target; plain Python ends its loop there
    "try_around_fanout": "calls {'invert': 2} against {'invert': 3}",
}
"""Files that come back as something that calls more, and what alone is different: which steps are called how often."""

NESTED = """
    try:
        try:
            value = first(n)
        except Exception:
            value = second(n)
        result = last(f"{value + 1}")
    except Exception as error:
        result = last(f"outer {error}")
    return result
"""
FINALLY = """
    try:
        work_result = work(n)
    finally:
        clean(folder)
    return report(work_result)
"""


@pytest.mark.parametrize(("case", "file"), FILES, ids=[f"{case.name}-{file.stem}" for case, file in FILES])
def test_reads_back(case: Case, file: Path, plain: PlainPython) -> None:
    verdict = judge(case, file, plain)
    if (known := OTHERWISE.get(verdict.name)) is not None:
        assert verdict.status == "different" and verdict.why.endswith(known)
        return
    assert verdict.status == "same", f"{verdict.why}\n{verdict.text}"


def test_settings_come_back() -> None:
    text, _, _ = migrated(ROOT / "tests/cases/settings_cache/built/airflow/settings_cache.py")
    assert text is not None
    assert "@step(cache=True)" in text
    assert '@step(cache="7d")' in text
    assert '@step(cache=Cache(ttl="1h", version="2", ignore=("verbose",)))' in text


def test_settings_that_calls_give_come_back() -> None:
    file = ROOT / "tests/cases/settings_argument/built/airflow/settings_argument.py"
    text, _, _ = migrated(file)
    assert text is not None and '@step(cpu=Argument("cores"), memory=Argument("memory"))\ndef count(' in text
    changed = file.read_text(encoding="utf-8").replace('"memory": "512Mi"', '"memory": "1Gi"')
    report = Report()
    assert own.read(Source(file, file.name, changed, file.parent), report).module is None
    assert ["no argument says so" in finding.message for finding in report] == [True]


def test_helpers_and_their_imports_are_gone() -> None:
    text, _, _ = migrated(ROOT / "samples/digits/built/airflow/digits.py")
    assert text is not None
    for word in ("airflow", "to_xcom", "stored", "hashlib", "pickle", "ObjectStoragePath"):
        assert word not in text


@pytest.mark.parametrize(
    ("case", "body"),
    [
        ("try_nested", NESTED),
        ("try_finally", FINALLY),
    ],
)
def test_tries_are_put_together(case: str, body: str) -> None:
    text, _, _ = migrated(ROOT / f"tests/cases/{case}/built/airflow/{case}.py")
    assert text is not None
    assert text.endswith(body)


def test_refuses_results_that_it_does_not_know() -> None:
    file = ROOT / "tests/cases/fanout_of_nothing/built/airflow/fanout_of_nothing.py"
    text = file.read_text(encoding="utf-8")
    for result in ("items +", "unknown", "print(items)"):
        changed = text.replace('# Result: dag.param("n")', f"# Result: {result}")
        report = Report()
        assert own.read(Source(file, file.name, changed, file.parent), report).module is None
        assert [finding.code for finding in report] == ["PC506"]


def test_refuses_what_it_does_not_know() -> None:
    file = ROOT / "samples/digits/built/airflow/digits.py"
    changed = file.read_text(encoding="utf-8").replace("    frame = load(", "    print(1)\n    frame = load(", 1)
    report = Report()
    outcome = own.read(Source(file, file.name, changed, file.parent), report)
    assert outcome.module is None
    assert [finding.code for finding in report] == ["PC506"]


def test_reading_twice_gives_the_same() -> None:
    file = ROOT / "samples/monitoring/built/airflow/monitoring.py"
    source = Source(file, file.name, file.read_text(encoding="utf-8"), file.parent)
    texts = set()
    for _ in range(2):
        module = own.read(source, Report()).module
        assert module is not None
        texts.add(render(module))
    assert len(texts) == 1
