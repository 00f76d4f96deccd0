"""Warnings about modules: what they do when imported, keep, or look up, that a task sees otherwise."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.support.building import findings_of

HEAD = "import importlib, inspect, os, typing\nfrom dataclasses import dataclass\nfrom pipec import pipeline, step\n"
TAIL = """
@pipeline
def p(n: int = 3) -> list:
    return work(n)
"""


def warned(folder: Path, body: str, **others: str) -> list[tuple[str, int]]:
    """Code and line of each warning but that about images; lines count from the first of `body`."""
    (folder / "pyproject.toml").touch()
    for name, text in others.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    file = folder / "pipeline.py"
    file.write_text(HEAD + textwrap.dedent(body).lstrip("\n") + TAIL)
    found = findings_of(file, "p")
    assert not [f for f in found if f.severity == "error"], found
    return [(f.code, f.span.line - HEAD.count("\n")) for f in found if f.code != "PC304"]


STEP = """
@step
def work(n: int) -> list:
    return [n]
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("list(Options.__annotations__)", ["PC311"]),
        ("inspect.signature(Options).parameters['size'].annotation", ["PC311"]),
        ("typing.get_type_hints(Options)", []),
        ("importlib.import_module(Options.name)", ["PC312"]),
        ("importlib.import_module('json')", []),
        ("open('words.txt').read()", ["PC317"]),
        ("open('other.txt').read()", []),
    ],
)
def test_looked_up(tmp_path: Path, expression: str, expected: list[str]) -> None:
    (tmp_path / "words.txt").touch()
    body = f"""
    class Options:
        name = "json"
        size: int = 3

    @step
    def work(n: int) -> list:
        return [n, {expression}]
    """
    assert warned(tmp_path, body) == [(code, 7) for code in expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Path('words.txt').write_text('x')", []),
        ("path = Path('words.txt')\npath.write_text('x')", []),
        ("with open('words.txt', 'w') as file:\n    file.write('x')", []),
        ("with Path('words.txt').open('w') as file:\n    file.write('x')", []),
        ("frame.to_csv('words.txt')", []),
        ("path = Path('words.txt')\npath.read_text()", ["PC317"]),
        ("with open('words.txt', 'rb') as file:\n    file.read()", ["PC317"]),
        ("open('words.txt').read()\nopen('other.txt', 'w')", ["PC317"]),
    ],
)
def test_a_file_that_a_step_makes_itself_is_there(tmp_path: Path, lines: str, expected: list[str]) -> None:
    """It lies in the folder of the project for an earlier run there."""
    (tmp_path / "words.txt").touch()
    body = "from pathlib import Path\n\n@step\ndef work(n: int, frame: object = None) -> int:\n"
    body += "".join(f"    {line}\n" for line in [*lines.splitlines(), "return n"])
    assert [code for code, _ in warned(tmp_path, body)] == expected


def test_setting_that_cannot_go_with_a_step(tmp_path: Path) -> None:
    assert warned(tmp_path, 'os.environ["A"] = __file__\n\nos.environ["B"] = "1"' + STEP) == [("PC314", 1)]


def test_pipeline_that_runs_on_import(tmp_path: Path) -> None:
    body = STEP + "\ndef main():\n    p(3)\n\nmain()\nif __name__ == '__main__':\n    main()\n"
    assert warned(tmp_path, body) == [("PC315", 8)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("SEEN.append(n)", [("PC316", 5)]),
        ("SEEN[0:] = [n]", [("PC316", 5)]),
        ("len(SEEN)", []),
        ("SEEN = [n]", []),
    ],
)
def test_state_that_steps_share(tmp_path: Path, change: str, expected: list[tuple[str, int]]) -> None:
    body = f"""
    SEEN = []

    @step
    def first(n: int) -> int:
        {change}
        return n

    @step
    def second(n: int) -> list:
        return [len(SEEN), n]

    @pipeline
    def work(n: int) -> list:
        return second(first(n))
    """
    assert warned(tmp_path, body) == expected


def test_memo_of_one_function_is_no_shared_state(tmp_path: Path) -> None:
    body = """
    KNOWN = {}

    def look(n: int) -> int:
        if n not in KNOWN:
            KNOWN[n] = n * 2
        return KNOWN[n]

    @step
    def first(n: int) -> int:
        return look(n)

    @step
    def second(n: int) -> list:
        return [look(n)]

    @pipeline
    def work(n: int) -> list:
        return second(first(n))
    """
    assert warned(tmp_path, body) == []


def test_renamed_dataclass(tmp_path: Path) -> None:
    other = """
    from dataclasses import dataclass

    @dataclass
    class Point:
        x: int
    """
    body = """
    import one, two

    @step
    def work(n: int) -> list:
        return [one.Point(n).x, two.Point(n).x]
    """
    assert [code for code, _ in warned(tmp_path, body, one=other, two=other)] == ["PC313"]
