"""What must be refused is refused: with the finding that a comment on its line names, and no other."""

from __future__ import annotations

import pytest

from pipec.compiler.diagnostics import FINDINGS
from tests.support.building import findings_of
from tests.support.discovery import Refusal, refusals


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.folder.name)
def test_refused_at_its_line(refusal: Refusal) -> None:
    found = findings_of(refusal.file, refusal.function)
    errors = sorted((f.span.line, f.code) for f in found if f.severity == "error")
    told = "\n".join(f"{f.span.line}: {f.code} {f.message} | {f.help}" for f in found)
    assert errors == sorted(refusal.expected), told
    assert not any(f.message.endswith(".") or not f.message for f in found), told


def test_refusals_are_refused() -> None:
    assert [r.folder.name for r in refusals() if not r.expected] == []


def test_every_source_finding_has_a_refusal() -> None:
    """Of the families about source code; what files and targets can be wrong about has tests of its own."""
    shown = {code for refusal in refusals() for _, code in refusal.expected}
    wanted = {code for code, kind in FINDINGS.items() if code[2] in "12" and kind.severity == "error"}
    assert wanted - shown - {"PC102", "PC103", "PC105", "PC151", "PC152", "PC153"} == set()
