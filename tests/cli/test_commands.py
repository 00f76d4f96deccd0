"""The small commands: explain, targets, ir, schema, graph, init."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipec.backends import names
from pipec.compiler.diagnostics import FINDINGS, catalogue
from pipec.ir import Pipeline
from pipec.ir.features import FEATURES
from tests.cli.conftest import Pipec
from tests.support.discovery import ROOT


@pytest.mark.parametrize("word", ["PC401", "pc401", "401", "unsupported-feature"])
def test_explain(pipec: Pipec, word: str) -> None:
    done = pipec("explain", word)
    assert done.exit_code == 0
    assert done.stdout.startswith("PC401 unsupported-feature (error; a target cannot express it)")
    assert "Use instead:" in done.stdout


def test_explain_lists_all(pipec: Pipec) -> None:
    assert len(pipec("explain").stdout.splitlines()) == len(catalogue.everything()) == len(FINDINGS)


def test_explain_helps_with_a_misspelt_name(pipec: Pipec) -> None:
    done = pipec("explain", "unsuported-feature")
    assert done.exit_code == 2 and "did you mean unsupported-feature?" in done.stderr


def test_targets(pipec: Pipec) -> None:
    table = pipec("targets", "--format", "markdown").stdout.splitlines()
    assert len(table) == len(FEATURES) + 2 and table[0].count("|") == len(names()) + 2
    assert set(json.loads(pipec("targets", "--format", "json").stdout)) == set(names())
    assert FEATURES["foreach"][:12] in pipec("targets").stdout
    assert "how" in pipec("targets", names()[0]).stdout
    assert pipec("targets", "nope").exit_code == 2


def test_ir(project: Path, pipec: Pipec) -> None:
    read, lowered = pipec("ir", "small.py").stdout, pipec("ir", "small.py", "--lowered").stdout
    assert Pipeline.model_validate_json(read).function == "small"
    assert Pipeline.model_validate_json(lowered).function == "small"
    (project / "again.json").write_text(read)
    assert pipec("ir", "again.json").stdout == read


def test_schema_is_the_committed_one(pipec: Pipec) -> None:
    """`pipec schema > pipec/ir/schema.json` writes it anew."""
    assert pipec("schema").stdout == (ROOT / "pipec" / "ir" / "schema.json").read_text(encoding="utf-8")


def test_ir_fits_the_schema(project: Path, pipec: Pipec) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(pipec("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(pipec("ir", "small.py").stdout), schema)


def test_graph(project: Path, pipec: Pipec) -> None:
    mermaid = pipec("graph", "small.py").stdout
    assert "load --> total" in mermaid and "total --> show" in mermaid and "load --> show" not in mermaid
    assert "if value #gt; limit" in mermaid
    dot = pipec("graph", "small.py", "--format", "dot").stdout
    assert '"load" -> "total"' in dot and dot.startswith('digraph "small"')
    assert pipec("graph", "small.py", "--format", "png").exit_code == 2


def test_graph_as_a_picture(project: Path, pipec: Pipec) -> None:
    """Well-formed, with every step, and nothing that a browser would have to load."""
    for form in ("svg", "html"):
        text = pipec("graph", "small.py", "--format", form).stdout
        assert text == pipec("graph", "small.py", "--format", form).stdout
        assert "if value &gt; limit" in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")
        picture = ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])
        said = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
        assert {"load", "total", "show"} <= set(said)
        places = [float(r.get("y", "0")) for r in picture.iter("{http://www.w3.org/2000/svg}rect")]
        assert all(0 < place < float(picture.get("height", "0")) for place in places)


def test_graph_of_a_long_condition(project: Path, pipec: Pipec) -> None:
    """The other arm has the opposite of the whole condition, and titles are cut only then."""
    condition = " or ".join(f"n == {i}000000" for i in range(9))
    (project / "long.py").write_text(
        "from pipec import pipeline, step\n\n\n@step\ndef work(n: int) -> int:\n    return n\n\n\n"
        f"@pipeline\ndef long(n: int = 1) -> int:\n    if {condition}:\n        x = work(n)\n"
        "    else:\n        x = work(2)\n    return x\n",
        encoding="utf-8",
    )
    done = pipec("graph", "long.py")
    assert done.exit_code == 0 and "if not (n == 0" in done.stdout


def test_init_starts_a_project_that_works(tmp_path: Path, pipec: Pipec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert pipec("init", "My First").exit_code == 0
    folder = tmp_path / "My First"
    assert 'name = "my-first"' in (folder / "pyproject.toml").read_text()
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    done = pipec("init", "My First")
    assert done.exit_code == 2 and "nothing was written" in done.stderr
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert pipec("check", "My First").exit_code == 0
    done = pipec("run", "My First")
    plain = subprocess.run(
        [sys.executable, "pipeline.py"], cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert json.loads(done.stdout) == plain.stdout.strip()


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["build"], ["build", "x.py", "-t", "nope"], ["check", "x", "--format", "xml"]]
)
def test_wrong_usage(pipec: Pipec, arguments: list[str]) -> None:
    assert pipec(*arguments).exit_code == 2


def test_help_lists_every_command(pipec: Pipec) -> None:
    from pipec.cli import COMMANDS

    told = pipec("--help").stdout
    for name, text in COMMANDS.items():
        assert f"  {name} " in told
        assert pipec(name, "--help").exit_code == 0 and text


def test_start_up_imports_only_what_a_build_needs(project: Path) -> None:
    """Start-up is most of the time of a small build."""
    code = (
        "import sys, pipec.cli\n"
        "try:\n    pipec.cli.cli.main(['check', 'small.py', '-t', 'kfp'])\nexcept SystemExit as e:\n    assert not e.code, e.code\n"
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'rich', 'kfp', 'airflow', 'metaflow', 'numpy', 'pandas', 'asyncio'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
