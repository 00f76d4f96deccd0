"""Whatever is named as a source ends in pipelines or in findings with exit status 1, never in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import SOURCE, Pipec


@pytest.mark.parametrize(
    ("name", "content", "code", "line"),
    [
        ("syntax.py", b"x = 1\ndef f(:\n    pass\n", "PC101", 2),
        ("null.py", b"\x00", "PC101", 1),
        ("latin.py", b"# -*- coding: utf-8 -*-\n# caf\xe9\n", "PC103", 2),
        ("coding.py", b"# -*- coding: klingon -*-\n", "PC103", 1),
        ("nothing.py", b"x = 1\n", "PC104", 1),
        ("empty.py", b"", "PC104", 1),
        ("half.json", b'{\n"name": ', "PC102", 2),
        ("other.json", b'{"name": "x"}', "PC102", 1),
    ],
)
def test_unreadable(project: Path, pipec: Pipec, name: str, content: bytes, code: str, line: int) -> None:
    (project / name).write_bytes(content)
    for command in (["build"], ["check"], ["ir"], ["run"], ["verify"], ["graph"]):
        done = pipec(*command, name)
        assert done.exit_code == 1, done.output
        assert f"error[{code} " in done.output and f"{name}:{line}:" in done.output
        assert "Traceback" not in done.output


REFUSED_BY_PYTHON = [
    ("return 1", 1),
    ("x = 1\nyield x", 2),
    ("def f(a, a): ...", 1),
    ("nonlocal x", 1),
    ("x = 1\n\ndef f():\n    x = 2\n    global x", 5),
    ("def f(x):\n    global x", 2),
    ("for x in y:\n    ...\nelse:\n    break", 4),
    ("continue", 1),
    ("def f():\n    from os import *", 2),
    ("def f():\n    await g()", 2),
    ("async def f():\n    def g():\n        async with h():\n            ...", 3),
    ("x = 1\nfrom __future__ import annotations", 2),
    ("from __future__ import braces", 1),
    ("__debug__ = 1", 1),
    ("try: ...\nexcept: ...\nexcept ValueError: ...", 2),
    ("def f():\n    nonlocal y", 2),
    ("a, *b, *c = x", 1),
    ("[x := 1 for x in y]", 1),
    ("class A:\n    [(y := x) for x in z]", 2),
    ("match x:\n    case a: ...\n    case 1: ...", 2),
]
"""What Python's grammar takes and Python itself does not."""


@pytest.mark.parametrize(("text", "line"), REFUSED_BY_PYTHON)
def test_what_only_the_compiler_refuses_is_found_at_its_line(project: Path, pipec: Pipec, text: str, line: int) -> None:
    with pytest.raises(SyntaxError):
        compile(text, "x", "exec")
    (project / "wrong.py").write_text(f"{text}\n" if "__future__" in text else f"{text}\n{SOURCE}")
    (project / "user.py").write_text("import wrong\n" + SOURCE.replace("return list(", "wrong.f; return list("))
    for name in ("wrong.py", "user.py"):
        done = pipec("check", name)
        assert (
            done.exit_code == 1 and "error[PC101 invalid-syntax]" in done.output and f"wrong.py:{line}:" in done.output
        )
    for origin in ("kfp", "airflow", "metaflow"):
        done = pipec("migrate", "wrong.py", "--from", origin)
        assert done.exit_code == 1 and f"wrong.py:{line}:" in done.output, done.output


def test_what_is_not_there(project: Path, pipec: Pipec) -> None:
    (project / "link.py").symlink_to("nowhere.py")
    (project / "loop.py").symlink_to("loop.py")
    (project / "folder.py").mkdir()
    for name, code in (("no.py", "PC102"), ("link.py", "PC102"), ("loop.py", "PC102"), ("folder.py", "PC104")):
        done = pipec("check", name)
        assert done.exit_code == 1 and code in done.output and name in done.output, done.output


def test_one_pipeline_by_name(project: Path, pipec: Pipec) -> None:
    assert '"function": "small"' in pipec("ir", "small.py:small").stdout
    assert '"function": "show"' in pipec("ir", "small.py:show").stdout, "any function may be one"
    done = pipec("ir", "small.py:smal")
    assert done.exit_code == 1 and "PC105" in done.output


def test_folders_are_searched(project: Path, pipec: Pipec) -> None:
    for folder in ("jobs/deep", ".hidden", "venv", "node_modules", "build", "jobs/built/airflow", "own"):
        (project / folder).mkdir(parents=True)
        (project / folder / "job.py").write_text(SOURCE)
    (project / "own" / "pyvenv.cfg").touch()
    (project / "steps.py").write_text('"""Steps for a pipeline, of pipec."""\n')
    done = pipec("build", ".", "-t", "kfp")
    assert done.exit_code == 0, done.output
    assert sorted(done.stdout.split()[1::2]) == ["built/kfp/small.yaml", "jobs/deep/built/kfp/small.yaml"]


def test_several_pipelines_have_to_be_told_apart(project: Path, pipec: Pipec) -> None:
    (project / "two.py").write_text(
        SOURCE + "\n\n@pipeline\ndef other(rows: int = 1) -> int:\n    return total([rows])\n"
    )
    done = pipec("run", "two.py")
    assert done.exit_code == 2 and "two.py:small, two.py:other" in done.stderr
    (project / "called.py").write_text(SOURCE + "\n\n@pipeline\ndef outer() -> str | None:\n    return small(rows=5)\n")
    done = pipec("run", "called.py")
    assert (done.exit_code, done.stdout) == (0, '"total 10"\n'), "a pipeline that another calls is a part of that one"


def test_an_internal_error_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from pipec.api import building
    from pipec.cli import cli

    def broken(*_: object) -> None:
        raise LookupError("the answer\nis 42")

    monkeypatch.setattr(building, "build", broken)
    done = CliRunner().invoke(cli, ["build", "small.py"])
    assert done.exit_code == 70
    assert "error[PC901 internal-error]: a bug of pipec: LookupError: the answer\n" in done.stderr
    assert "report" in done.stderr and "in broken" in done.stderr
