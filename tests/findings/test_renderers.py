"""Findings as people and programs see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipec import api
from pipec.compiler.diagnostics.pipeline import UnknownName, WrongArguments
from pipec.compiler.diagnostics.renderers import FORMATS, Shown, render
from pipec.compiler.diagnostics.target import LossyFeature
from pipec.ir import Span

SOURCE = """\
from pipec import pipeline
def 名前(a): ...
@pipeline
def p():
\tx = 名前(b=1)
    return 名前(
        y,
    )
"""


def span(line: int, column: int, end_column: int, end_line: int = 0) -> Span:
    return Span(file="jobs/p.py", line=line, column=column, end_line=end_line or line, end_column=end_column)


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Shown]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "p.py").write_text(SOURCE, encoding="utf-8")
    findings = [
        LossyFeature(span(6, 12, 6, 8), "kfp", "tags", "tags", "p", "50 % of a, b: gone"),
        UnknownName(span(7, 9, 10), "y", "x"),
        WrongArguments(span(5, 6, 13), "名前", "has no parameter 'b'", span(2, 5, 7)),
    ]
    return [Shown(f, tmp_path, f.severity) for f in findings]


def test_text(shown: list[Shown]) -> None:
    assert (
        render(shown)
        == """\
error[PC203 wrong-arguments]: 名前() has no parameter 'b'
 --> jobs/p.py:5:6
  |
5 |     x = 名前(b=1)
  |         ^^^^^^^
 ::: jobs/p.py:2:5
  |
2 | def 名前(a): ...
  |     -- '名前' is defined here

warning[PC402 lossy-feature]: kfp keeps tags (p) only in part: 50 % of a, b: gone
 --> jobs/p.py:6:12
  |
6 |     return 名前(
  |            ^^^

error[PC201 unknown-name]: 'y' is not defined
 --> jobs/p.py:7:9
  |
7 |         y,
  |         ^
  = help: did you mean 'x'?
"""
    )


def test_colours_change_nothing_else(shown: list[Shown]) -> None:
    import re

    coloured = render(shown, "text", color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(shown)


def test_json(shown: list[Shown]) -> None:
    found = json.loads(render(shown, "json"))
    assert [(f["code"], f["line"], f["column"], f["target"]) for f in found] == [
        ("PC203", 5, 6, None), ("PC402", 6, 12, "kfp"), ("PC201", 7, 9, None),
    ]  # fmt: skip
    assert set(found[0]) == {"code", "name", "severity", "message", "file", "line", "column", "target"}
    assert {f["file"] for f in found} == {"jobs/p.py"}
    assert json.loads(render([], "json")) == []


def test_github(shown: list[Shown]) -> None:
    lines = render(shown, "github").splitlines()
    assert lines[1].startswith(
        "::warning file=jobs/p.py,line=6,col=12,endLine=8,title=PC402 lossy-feature::kfp keeps tags"
    )
    assert "50 %25 of a, b: gone" in lines[1]
    assert lines[2] == (
        "::error file=jobs/p.py,line=7,col=9,endLine=7,endColumn=10,title=PC201 unknown-name"
        "::'y' is not defined%0Adid you mean 'x'?"
    )


def test_sarif(shown: list[Shown]) -> None:
    document = json.loads(render(shown, "sarif"))
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert document["version"] == "2.1.0" and [r["id"] for r in rules] == ["PC201", "PC203", "PC402"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    first = run["results"][0]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "jobs/p.py"
    assert place["region"] == {"startLine": 5, "startColumn": 6, "endLine": 5, "endColumn": 13}
    assert first["relatedLocations"][0]["message"]["text"] == "'名前' is defined here"
    assert run["results"][1]["level"] == "warning" and run["results"][1]["properties"] == {"target": "kfp"}


@pytest.mark.parametrize("form", FORMATS)
def test_files_that_are_gone_or_elsewhere_are_shown_all_the_same(shown: list[Shown], form: str, tmp_path: Path) -> None:
    (tmp_path / "jobs" / "p.py").unlink()
    elsewhere = [Shown(s.finding, Path("/elsewhere"), "error") for s in shown]
    text = render([*shown, *elsewhere], form)  # type: ignore[arg-type]
    assert "jobs/p.py" in text and "/elsewhere/jobs/p.py" in text


def test_nothing_to_say() -> None:
    assert render([]) == "" and render([], "github") == ""


def test_what_says_the_same_is_told_once(tmp_path: Path) -> None:
    """In text; the reports for programs have every finding."""
    source = """
from pipec import pipeline, step


@step(cpu=2, memory="1Gi")
def work(n: int) -> int:
    return n


@step(cpu=1)
def other(n: int) -> int:
    return n


@pipeline
def main(n: int = 1) -> int:
    return work(other(n))
"""
    (tmp_path / "pipeline.py").write_text(source, encoding="utf-8")
    workspace = api.Workspace()
    api.build([str(tmp_path / "pipeline.py")], ["airflow"], workspace)
    shown = [s for s in workspace.shown() if s.severity == "warning"]
    assert len(shown) == 3
    text = render(shown, "text")
    assert text.count("warning[") == 1
    assert text.rstrip().endswith("= also: memory request (work), CPU request (other)")
    assert len(json.loads(render(shown, "json"))) == 3
