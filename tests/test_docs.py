"""The documentation is true: links lead somewhere, generated parts are up to date, and examples are accepted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.discovery import ROOT, cases

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "samples").glob("*/*.md")])


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^(`{3,}).*?^\1", "", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    missing = [li for li in links if "://" not in li and not (page.parent / li.split("#")[0]).exists()]
    assert missing == []


def test_generated_parts_are_up_to_date() -> None:
    command = [sys.executable, "docs/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_case_is_linked_from_the_language() -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert [case.name for case in cases() if f"tests/cases/{case.name}/" not in text] == []


def test_readme_example_is_the_sample() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / "samples/digits/pipeline.py").read_text(encoding="utf-8").strip() in readme
