"""The cases themselves: each says what it proves, and its expectations are ones that the harness knows."""

from __future__ import annotations

import pytest

from tests.support.discovery import TARGETS, Case, cases, samples

CASES = [*samples(), *cases()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_says_what_it_proves(case: Case) -> None:
    text = case.file.read_text(encoding="utf-8")
    assert text.startswith('"""'), "a case starts with a docstring that says what it proves"
    assert f"def {case.function}(" in text
    assert set(case.expected) <= {"function", "refused", "runs"}
    assert set(case.refused) <= set(TARGETS)
    assert case.runs or "container(" in text or "native(" in text, "only what no local runner can run has no runs"


def test_discovery_finds_them() -> None:
    assert len(CASES) == len({case.name for case in CASES}) > 100
