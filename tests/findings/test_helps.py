"""What a finding says to write instead is accepted."""

from __future__ import annotations

from pathlib import Path

from tests.support.building import findings_of
from tests.support.discovery import ROOT

APPENDED = """from pipec import pipeline, step


@step
def f(n: int) -> int:
    return n


@pipeline
def p(n: int = 1):
    models = [f(n), f(2)]
    {}
    return models
"""


def test_appending_to_a_list_that_was_not_empty(tmp_path: Path) -> None:
    file = tmp_path / "p.py"
    file.write_text(APPENDED.format("models.append(f(3))"), encoding="utf-8")
    (found,) = [f for f in findings_of(file, None) if f.severity == "error"]
    instead = found.help.split("`")[1]
    assert (found.code, found.span.line, instead) == ("PC213", 12, "models = [*models, f(3)]")
    file.write_text(APPENDED.format(instead), encoding="utf-8")
    assert not [f for f in findings_of(file, None) if f.severity == "error"]


def test_what_else_is_done_to_a_list(tmp_path: Path) -> None:
    for change in ("models.append()", "models.append(f(3), f(4))", "models.extend([f(3)])"):
        (tmp_path / "p.py").write_text(APPENDED.format(change), encoding="utf-8")
        (found,) = [f for f in findings_of(tmp_path / "p.py", None) if f.severity == "error"]
        assert found.code == "PC213" and "in a step" in found.help


def test_appending_in_a_loop_to_a_list_that_was_not_empty(tmp_path: Path) -> None:
    """A list that is made anew from itself would be a value that the loop carries."""
    file = tmp_path / "p.py"
    file.write_text(APPENDED.format("for m in models:\n        models.append(f(m))"), encoding="utf-8")
    (found,) = [f for f in findings_of(file, None) if f.severity == "error"]
    assert (found.code, found.help) == ("PC213", "append to a list that is created empty, by `models = []`")


def test_what_stands_for_an_attribute_of_a_class() -> None:
    found = findings_of(ROOT / "tests/refusals/class_attribute/pipeline.py", None)
    assert [(f.message.split(",")[0].split("` ")[0], f.help) for f in found if f.code == "PC108"] == [
        ("`Split.TRAIN`", 'pass `"train"`, and call `Split(...)` inside the step'),
        ("`Split.TRAIN`", 'pass `"train"`, and call `Split(...)` inside the step'),
        ("`Limits.rows`", "write `1000`, or use it inside a step"),
        ("`Order.FIRST`", "use it inside a step"),
        ("`Limits", "call it, or use it inside a step"),
    ]
