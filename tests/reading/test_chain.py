"""Samples go from orchestrator to orchestrator, each time from the files of the one before alone, and do what they did."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec import api
from pipec.api import verifying
from pipec.api.migrating import migrate
from pipec.api.sources import Workspace
from pipec.backends import REFERENCE
from tests.reading.kfp_own import told
from tests.support.discovery import Case, samples
from tests.support.plain import PlainPython

WAY = ("kfp", "airflow", "metaflow", "kfp")


def moved(case: Case, folder: Path) -> Path:
    """The module that a sample has become at the end of the way; what is built of it lies beside it."""
    here, module = case.folder / "built" / "kfp" / f"{case.name}.yaml", Path()
    for number, (origin, target) in enumerate(zip(WAY, WAY[1:])):
        done = migrate(here, origin, (REFERENCE, target), folder / f"{number}", Workspace())
        assert not [f.finding.message for f in done.findings if f.finding.severity == "error"]
        for path, text in done.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        module = next(path for path in done.files if path.parent == folder / f"{number}")
        here = next(path for path in done.files if path.parent.name == target)
    return module


@pytest.mark.parametrize("case", samples(), ids=lambda case: case.name)
def test_it_does_what_the_sample_does(case: Case, tmp_path: Path, plain: PlainPython) -> None:
    module = moved(case, tmp_path)
    for run in case.runs:
        before = told(plain.run(run))
        after = told(plain.run(run, module))
        assert (after["status"], after["result"]) == (before["status"], before["result"]), after["error"]


def test_it_looks_like_what_it_was(tmp_path: Path) -> None:
    case = next(case for case in samples() if case.name == "digits")
    text = moved(case, tmp_path).read_text(encoding="utf-8")
    assert "best = max(range(len(scores)), key=lambda i: scores[i])\n    if scores[best] >= threshold:\n" in text
    assert "airflow" not in text and "metaflow" not in text and "kfp" not in text


@pytest.mark.slow
@pytest.mark.orchestrator
@pytest.mark.parametrize("case", samples(), ids=lambda case: case.name)
def test_it_verifies(case: Case, tmp_path: Path) -> None:
    """On its way back it runs on every orchestrator as it does in plain Python."""
    module = moved(case, tmp_path)
    workspace = Workspace()
    read = api.read_one(f"{module}:{case.function}", workspace)
    assert read is not None
    found = verifying.verify(*read, WAY[:3], {}, workspace)
    assert found.agree, [difference.text for difference in found.differences]
