"""Samples and cases are ordinary Python: each runs by itself, and does what its `expect.json` says."""

from __future__ import annotations

import pytest

from tests.support.discovery import ANY, Case, Run, cases, samples
from tests.support.plain import PlainPython

RUNS = [run for case in (*samples(), *cases()) for run in case.runs if run.plain == "same"]


@pytest.mark.orchestrator  # the samples need scikit-learn and pandas
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.id)
def test_bare_module(run: Run, plain: PlainPython) -> None:
    outcome = plain.run(run)
    expected = "failed" if run.status == "refused" else run.status
    assert outcome["status"] == expected, outcome["error"]
    assert run.error in outcome["error"]
    if run.result is not ANY:
        assert outcome["result"] == run.result


@pytest.mark.parametrize("case", [*samples(), *cases()], ids=lambda case: case.name)
def test_says_what_it_proves(case: Case) -> None:
    text = case.file.read_text(encoding="utf-8")
    assert text.startswith('"""'), "a case starts with a docstring that says what it proves"
    assert f"def {case.function}(" in text
