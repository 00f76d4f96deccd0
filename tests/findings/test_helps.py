"""What a finding says to write instead is accepted."""

from __future__ import annotations

from pathlib import Path

from tests.support.building import findings_of

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
