"""Text files of a project are read when a pipeline is built: exactly, with bounds, and never from outside."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.pysource.text import text_literal
from pipec.compiler.reading.text_files import MOST_TEXT
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from pipec.ir.graph import walk

MODULE = """
from pathlib import Path
from pipec import pipeline, step

TEXT = Path(__file__).with_name("text.txt").read_text()


@step(cache=True)
def work(n: int) -> str:
    return TEXT * n


@step(cache=True)
def other(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> list[object]:
    return [work(n), other(n)]
"""


def build(folder: Path, module: str = MODULE) -> tuple[Pipeline | None, list[str]]:
    """The pipeline of a module in `folder`, which is the project, and what is wrong with it."""
    report = Report()
    file = folder / "module.py"
    file.write_text(module)
    found = read(file, root=folder, site=Site(), report=report)
    return (found[0] if found else None), [f"{f.code} {f.message}" for f in report.sorted() if f.severity == "error"]


def digests(folder: Path) -> dict[str, str]:
    pipeline, errors = build(folder)
    assert pipeline is not None and not errors, errors
    return {c.name: c.digest for c in pipeline.components}


def test_cache_key_follows_the_text(tmp_path: Path) -> None:
    """Of the step that reads it, and of no other."""
    (tmp_path / "text.txt").write_text("one\n")
    before = digests(tmp_path)
    assert digests(tmp_path) == before
    (tmp_path / "text.txt").write_text("two\n")
    after = digests(tmp_path)
    assert after["work"] != before["work"] and after["other"] == before["other"]


def test_line_ends_are_those_of_python(tmp_path: Path) -> None:
    """What `read_text` makes of the file counts, and nothing else of it."""
    (tmp_path / "text.txt").write_bytes(b"a\nb\nc")
    before = digests(tmp_path)
    (tmp_path / "text.txt").write_bytes(b"a\r\nb\rc")
    assert digests(tmp_path) == before


@pytest.mark.parametrize("size", [MOST_TEXT, MOST_TEXT + 1])
def test_largest_text(tmp_path: Path, size: int) -> None:
    (tmp_path / "text.txt").write_text("x" * size)
    pipeline, errors = build(tmp_path)
    if size <= MOST_TEXT:
        assert pipeline is not None and not errors
    else:
        assert pipeline is None and errors == [
            "PC112 the text cannot be read when the pipeline is built: 'text.txt' has more than 2,000,000 bytes"
        ]


def test_links_are_followed_inside_of_the_project_only(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "texts").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (project / "texts" / "real.txt").write_text("real")
    link = project / "text.txt"
    link.symlink_to("texts/real.txt")
    pipeline, errors = build(project)
    assert pipeline is not None and not errors and "real" in str(pipeline.definitions)
    for target, reason in (
        ("../secret.txt", "'text.txt' lies outside of the project's folder"),
        ("text.txt", "'text.txt' cannot be found"),
        ("missing.txt", "there is no file 'missing.txt' where it looks"),
        (".git/config", "'text.txt' is hidden, or lies in a hidden folder"),
    ):
        link.unlink()
        link.symlink_to(target)
        pipeline, errors = build(project)
        assert pipeline is None and errors[0].endswith(reason), errors
    (project / "away").symlink_to(tmp_path)
    pipeline, errors = build(
        project, MODULE.replace('with_name("text.txt")', 'with_name("away").joinpath("secret.txt")')
    )
    assert pipeline is None and errors[0].endswith("'secret.txt' lies outside of the project's folder"), errors


def test_what_would_wait_for_ever_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "text.txt")
    pipeline, errors = build(tmp_path)
    assert pipeline is None and errors[0].endswith("'text.txt' is no regular file"), errors


def test_other_folders_of_the_project(tmp_path: Path) -> None:
    """A module on `[tool.pipec] paths` reads what lies beside it."""
    project, shared = tmp_path / "project", tmp_path / "shared"
    project.mkdir()
    shared.mkdir()
    (shared / "text.txt").write_text("shared text")
    (shared / "wording.py").write_text(
        'from pathlib import Path\n\nTEXT = Path(__file__).with_name("text.txt").read_text()\n'
    )
    module = MODULE.replace('TEXT = Path(__file__).with_name("text.txt").read_text()', "from wording import TEXT")
    (project / "module.py").write_text(module)
    report = Report()
    found = read(project / "module.py", root=project, site=Site(paths=(str(shared),)), report=report)
    assert not report.failed and "shared text" in str(found[0].definitions)


SAME = [
    'TEXT = (Path(__file__).parent / "text.txt").read_text("utf-8")',
    'TEXT = (Path(__file__).resolve().parent / "text.txt").read_text(encoding="utf-8", errors="strict")',
    'TEXT = open(Path(__file__).with_name("text.txt")).read()',
    'TEXT = Path(__file__).with_name("text.txt").open("r", encoding="utf-8").read()',
    'import os\nTEXT = open(os.path.join(os.path.dirname(__file__), "text.txt"), "rt").read()',
    'import os.path as where\nTEXT = open(where.dirname(where.realpath(__file__)) + "/text.txt").read()',
    'from os.path import dirname, join\nNAME = "text"\nTEXT = open(join(dirname(__file__), f"{NAME}.txt")).read()',
    'import pathlib\nHERE = pathlib.Path(__file__).parents[0]\nTEXT = HERE.joinpath("text").with_suffix(".txt").read_text()',
    'def at(name):\n    "Where a file lies."\n    import os\n    here = os.path.dirname(__file__)\n'
    '    return os.path.join(here, name)\n\nTEXT = open(at("text.txt")).read()',
    'def load(name):\n    return Path(__file__).with_name(name).read_text()\n\nTEXT = load("text.txt")',
    'def load(name, *, encoding="utf-8"):\n    with open(Path(__file__).parent / name, encoding=encoding) as file:\n'
    '        return file.read()\n\nTEXT = load(name="text.txt")',
    'def load(path: Path, encoding: str | None = None, more=""):\n    "All of it."\n    whole = path / more\n'
    '    return whole.read_text(encoding)\n\nTEXT = load(Path(__file__).with_name("text.txt"))',
    "def inner(path):\n    return open(path).read()\n\ndef load(name):\n    return inner(Path(__file__).with_name(name))"
    '\n\nTEXT = load("text.txt")',
    'with open(Path(__file__).with_name("text.txt")) as file:\n    TEXT = file.read()',
    'if True:\n    with open(Path(__file__).with_name("text.txt")) as file:\n        # why\n        TEXT: str = file.read()',
    'TEXT, MORE = Path(__file__).with_name("text.txt").read_text(), 1',
    'A = 1; TEXT = Path(__file__).with_name("text.txt").read_text()',
    'TEXT = """é""".join(["", ""]) and (\n    Path(__file__)  # here\n    .with_name("text.txt").read_text()\n)',
]


@pytest.mark.parametrize("how", SAME)
def test_forms(tmp_path: Path, how: str) -> None:
    """All ways to read it give the same text, and none leaves the path behind."""
    (tmp_path / "text.txt").write_text("One\ntwo\n")
    pipeline, errors = build(tmp_path, MODULE.replace('TEXT = Path(__file__).with_name("text.txt").read_text()', how))
    assert pipeline is not None and not errors, errors
    code = "\n".join(d.source for d in pipeline.definitions)
    assert "__file__" not in code and "open(" not in code, code
    scope: dict[str, object] = {}
    exec(code, scope)
    assert scope["work"](2) == "One\ntwo\nOne\ntwo\n"


TAKEN = [
    ("json", "json.load(open({path}))", '{"a": "x\\r\\n"}\r\n'),
    ("json", "json.load(open({path}), parse_int=str)", '{"a": 1}'),
    ("yaml", "yaml.safe_load({path}.open(encoding='utf-8'))", "a: |\r\n  é\r\n  y\r\n"),
    ("tomllib", "tomllib.load(open({path}, 'rb'))", 'a = """x\r\ny"""\r\n'),
    ("tomllib as t", "t.load({path}.open(mode='rb'))", 'a = "é"\n'),
]


@pytest.mark.parametrize(("library", "how", "text"), TAKEN)
@pytest.mark.parametrize("block", [False, True])
def test_what_takes_all_of_a_file(tmp_path: Path, library: str, how: str, text: str, block: bool) -> None:
    """It gets the text, and gives what it gives for the file."""
    if library.startswith("tomllib"):
        pytest.importorskip("tomllib")
    file = tmp_path / "text.txt"
    file.write_bytes(text.encode())
    how = how.replace("{path}", 'Path(__file__).with_name("text.txt")')
    if block:
        opening, close = how[how.index("(") + 1 : how.rindex(", parse") if ", parse" in how else -1], how.index("(") + 1
        how = f"with {opening} as file:\n    TEXT = {how[:close]}file{how[close + len(opening) :]}"
    else:
        how = f"TEXT = {how}"
    module = MODULE.replace('TEXT = Path(__file__).with_name("text.txt").read_text()', f"import {library}\n{how}")
    pipeline, errors = build(tmp_path, module)
    assert pipeline is not None and not errors, errors
    (made,) = [d for d in pipeline.definitions if "TEXT" in d.names]
    there: dict[str, object] = {"__file__": str(tmp_path / "module.py"), "Path": Path}
    exec(f"import {library}\n{how}", there)
    here: dict[str, object] = {}
    exec(f"import {library}\n{made.source}", here)
    assert here["TEXT"] == there["TEXT"] and "Path" not in made.source and "open" not in made.source


OTHERS = [
    'Path = str\nTEXT = Path(__file__).with_name("text.txt").read_text()',
    'def work_(Path):\n    return Path(__file__).with_name("text.txt").read_text()\nTEXT = work_(Path)',
    'TEXT = [p.read_text() for p in [Path(__file__).with_name("text.txt")]][0]',
    'HERE = Path(__file__).parent\nHERE = Path("/elsewhere")\nTEXT = (HERE / "text.txt").read_text()',
    'def load(name):\n    return load(name)\n\nTEXT = load("text.txt")',
    'def load(name):\n    print(name)\n    return Path(__file__).with_name(name).read_text()\n\nTEXT = load("text.txt")',
    'def load(*name):\n    return Path(__file__).with_name(name[0]).read_text()\n\nTEXT = load("text.txt")',
    "from functools import cache\n@cache\ndef load(name):\n    return Path(__file__).with_name(name).read_text()\n\n"
    'TEXT = load("text.txt")',
    'import tomllib\nTEXT = str(tomllib.load(open(Path(__file__).with_name("text.txt"))))',
    'import json\nwith open(Path(__file__).with_name("text.txt"), "rb") as file:\n    TEXT = json.load(file)',
    'with open(Path(__file__).with_name("text.txt")) as file:\n    TEXT = file.read() + file.read()',
    '__file__ = "/elsewhere/module.py"\nTEXT = Path(__file__).with_name("text.txt").read_text()',
]


@pytest.mark.parametrize("how", OTHERS)
def test_nothing_is_guessed(tmp_path: Path, how: str) -> None:
    """Where names mean something else, or more than one thing, nothing is read."""
    (tmp_path / "text.txt").write_text("never read")
    pipeline, _ = build(tmp_path, MODULE.replace('TEXT = Path(__file__).with_name("text.txt").read_text()', how))
    assert pipeline is None or "never read" not in str(pipeline.definitions)


def test_files_of_the_machine_are_read_where_the_code_runs(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("never read")
    how = f'TEXT = Path("{tmp_path}/text.txt").read_text()'
    pipeline, errors = build(tmp_path, MODULE.replace('TEXT = Path(__file__).with_name("text.txt").read_text()', how))
    assert pipeline is not None and not errors and "never read" not in str(pipeline.definitions)


def test_large_defaults_and_arguments(tmp_path: Path) -> None:
    """A text that is longer than what expressions may make is still a default, and an argument."""
    (tmp_path / "text.txt").write_text("0123456789" * 20_000)
    module = MODULE + "\n\n@pipeline\ndef q(text: str = TEXT) -> list[object]:\n    return [work(text), work(TEXT)]\n"
    report = Report()
    file = tmp_path / "module.py"
    file.write_text(module)
    found = {p.name: p for p in read(file, root=tmp_path, site=Site(), report=report)}
    assert not report.failed, report.sorted()
    assert len(str(found["q"].parameters[0].default)) > 200_000
    assert len([n for n in walk(found["q"].body) if n.kind == "task"]) == 2


def test_functions_are_followed_in_bounded_time(tmp_path: Path) -> None:
    """Each of these calls the one before four times."""
    functions = "def f0(x):\n    return x\n"
    for i in range(1, 25):
        calls = f"f{i - 1}(f{i - 1}(x)), f{i - 1}(f{i - 1}(x))"
        functions += f"def f{i}(x):\n    return os.path.join({calls})\n"
    how = f"import os\n{functions}\nTEXT = open(f24(__file__)).read()"
    started = time.monotonic()
    pipeline, _ = build(tmp_path, MODULE.replace('TEXT = Path(__file__).with_name("text.txt").read_text()', how))
    assert pipeline is None and time.monotonic() - started < 20


@given(st.text(alphabet=st.sampled_from(list("ab\"'\\ \n\n\t\r\x00é\u2028\ufeff\u00a0\U0001f600{}$#")), max_size=40))
def test_literals(text: str) -> None:
    """They mean the text, also after YAML has carried them, and end no line with a blank."""
    literal = text_literal(text)
    assert ast.literal_eval(literal) == text
    assert yaml.safe_load(yaml.safe_dump(literal, allow_unicode=True)) == literal
    assert not any(line.endswith((" ", "\t")) for line in literal.split("\n"))
