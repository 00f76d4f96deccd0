"""The committed outputs are what is built: the same bytes, under any hash seed, and without a trace of here."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_snapshot.plugin import Snapshot

from pipec.backends import names
from tests.support.building import build, nested
from tests.support.discovery import ROOT, TARGETS, Case, cases, samples

CASES = [*samples(), *cases()]
PAIRS = [(case, target) for case in CASES for target in TARGETS]
IDS = [f"{case.name}-{target}" for case, target in PAIRS]


@pytest.mark.parametrize(("case", "target"), PAIRS, ids=IDS)
def test_output_is_the_committed_one(case: Case, target: str, snapshot: Snapshot) -> None:
    output = build(case, target)
    if target in case.refused:
        assert not output.files and case.refused[target] in output.errors, output.errors
        assert not (case.folder / "built" / target).exists(), "outputs of a target that refuses the case"
        return
    assert not output.errors and output.files, output.errors
    assert output.main <= set(output.files)
    snapshot.snapshot_dir = case.folder / "built"
    snapshot.assert_match_dir(nested(output.files), target)


@pytest.mark.parametrize(("case", "target"), PAIRS, ids=IDS)
def test_output_has_no_trace_of_here(case: Case, target: str) -> None:
    """Of the committed one, which is what is built."""
    for file in (f for f in (case.folder / "built" / target).rglob("*") if f.is_file()):
        name, text = file.name, file.read_text(encoding="utf-8")
        assert not re.search(r"(?m)^\s*(from|import) pipec\b", text), f"{name} imports pipec"
        for trace in (str(ROOT), str(Path.home()), os.uname().nodename):
            assert trace not in text, f"{name} mentions {trace}"
        assert text.endswith("\n") and not text.endswith("\n\n")


def digests(every: int = 1) -> dict[str, str]:
    """One digest for all outputs of each case, or of every so manyth; what two processes must agree in."""
    found = {}
    for case, target in PAIRS[::every]:
        output = build(case, target)
        messages = [f"{f.code} {f.span.line}:{f.span.column} {f.message}" for f in output.findings]
        text = json.dumps([sorted(output.files.items()), messages])
        found[f"{case.name}-{target}"] = hashlib.sha256(text.encode()).hexdigest()
    return found


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_hash_seeds_do_not_matter(every: int) -> None:
    code = f"import json; from tests.test_golden import digests; print(json.dumps(digests({every})))"
    answers = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1]


def test_every_target_is_covered() -> None:
    assert set(names()) == set(TARGETS)


def test_nothing_is_left_of_old_cases() -> None:
    """Each `built` folder belongs to a case, and holds targets only."""
    for built in [*(ROOT / "tests" / "cases").glob("*/built"), *(ROOT / "samples").glob("*/built")]:
        assert (built.parent / "pipeline.py").exists()
        assert {p.name for p in built.iterdir()} <= set(TARGETS)
