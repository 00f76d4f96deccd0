"""Metaflow: who is told that a step has failed, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.native.test_metaflow import execute
from tests.support.building import build
from tests.support.discovery import ROOT, Case

TOLD = Case(ROOT / "tests" / "cases" / "settings_told")


@pytest.mark.orchestrator
@pytest.mark.parametrize(
    ("remote", "told"), [(True, "#ml-alerts step divide has failed: division by zero!\n"), (False, "")]
)
def test_somebody_is_told_of_the_last_attempt(remote: bool, told: str, tmp_path: Path) -> None:
    """Once, after two attempts; of a run with a local datastore nobody."""
    (flow,) = build(TOLD, "metaflow").files.values()
    if remote:  # the run itself stays here
        flow = flow.replace('DEFAULT_DATASTORE != "local"', '"remote" != "local"')
    messages = tmp_path / "messages.txt"
    messages.touch()
    done = execute(flow, tmp_path, "run", "--by", "0", MESSAGES=str(messages))
    assert done.returncode != 0
    assert messages.read_text(encoding="utf-8") == told
