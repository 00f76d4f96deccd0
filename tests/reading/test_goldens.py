"""What becomes of pipelines of other orchestrators: the committed modules and reports are what is made now."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pytest_snapshot.plugin import Snapshot

from pipec.backends import REFERENCE
from tests.support.discovery import ROOT
from tests.support.migrated import Original, everywhere, originals, told

ORIGINALS = originals()


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda o: o.id)
def test_module_and_report_are_the_committed_ones(original: Original, snapshot: Snapshot) -> None:
    done = everywhere(original)
    module = done.files.get(Path("migrated/original.py"), "")
    snapshot.snapshot_dir = original.folder
    beside = {p.name: text for p, text in done.files.items() if p.parent.name == "migrated" and p.name != "original.py"}
    snapshot.assert_match_dir({"module.py": module, "report.json": told(done), **beside}, "migrated")


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda o: o.id)
def test_module_stands_for_itself(original: Original) -> None:
    """It is Python, mentions no folder of this machine, and the frontend takes it or a finding says why not."""
    done = everywhere(original)
    for path, text in done.files.items():
        assert str(ROOT) not in text, path
        assert text.endswith("\n") and not text.endswith("\n\n")
    if module := done.files.get(Path("migrated/original.py")):
        ast.parse(module)
    refused = [f.finding.message for f in done.findings if f.finding.code < "PC400" and f.severity == "error"]
    assert not refused, "the frontend refuses what the reader has made"


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda o: o.id)
def test_it_goes_back_to_where_it_came_from(original: Original) -> None:
    done = everywhere(original)
    if done.status == "failed" and not done.files:
        assert any(f.finding.code in ("PC501", "PC502", "PC506") for f in done.findings)
        return
    back = [path for path in done.files if path.parts[1] == original.origin]
    refused = [f.finding.message for f in done.findings if f.finding.about == original.origin and f.severity == "error"]
    assert back or refused or not done.pipelines, refused
    assert REFERENCE not in {path.parts[1] for path in done.files}
