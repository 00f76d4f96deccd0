"""Containers that are told the URIs of artifacts, on Airflow: what is refused, and where; other forms of inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec import api
from pipec.compiler.diagnostics import Finding

HEAD = """from pathlib import Path

from pipec import container, pipeline, step

show = container("x:1", ["show", "{data.uri}"], inputs={"data": Path})
both = container("x:1", ["show", "{data.uri}", "{data}"], inputs={"data": Path})
store = container("x:1", ["store", "{data.uri}/0"], outputs={"data": Path})


@step
def write(n: int) -> Path:
    return Path("x")


@pipeline
def p(n: int = 1):
"""
STORE = 'artifact_root = "gs://bucket/x"'


def built(folder: Path, body: str, settings: str = STORE, version: str = "3.3") -> tuple[str, list[Finding]]:
    """The DAG file of a pipeline with `body`, and what is found."""
    (folder / "pyproject.toml").write_text(f"[tool.pipec]\n{settings}\n", encoding="utf-8")
    (folder / "p.py").write_text(HEAD + body, encoding="utf-8")
    workspace = api.Workspace(versions={"airflow": version})
    made = api.build([str(folder / "p.py")], ["airflow"], workspace)
    text = made[0].bundle.files["p.py"] if made else ""
    return text, [shown.finding for shown in workspace.shown() if shown.finding.severity == "error"]


@pytest.mark.parametrize(
    ("body", "settings", "code", "reason"),
    [
        ("    show(write(n))\n", "", "PC408", "there is none"),
        ("    show(write(n))\n", 'artifact_root = "file:///data"', "PC408", "on the workers' own disks"),
        ("    both(write(n))\n", STORE, "PC401", "no container that reads or writes files"),
        ("    store()\n", STORE, "PC401", "no container that stores an artifact at its URI"),
    ],
    ids=["no-store", "local-store", "path", "output"],
)
def test_what_is_refused(tmp_path: Path, body: str, settings: str, code: str, reason: str) -> None:
    """At the line of the call."""
    text, errors = built(tmp_path, body, settings)
    assert not text
    assert [(f.code, f.span.line) for f in errors] == [(code, 17)]
    assert reason in errors[0].message


@pytest.mark.parametrize("version", ["2.11", "3.3"])
def test_an_input_may_be_any_expression(tmp_path: Path, version: str) -> None:
    """An element of a list, and what the arms of an `if` have made: its address, and nothing is fetched."""
    body = """    parts = [write(i) for i in range(n)]
    kept = write(7)
    if n > 1:
        kept = write(n)
    show(parts[0])
    show(kept)
"""
    text, errors = built(tmp_path, body, version=version)
    assert not errors
    assert "@stored(lazy=True)\ndef arguments_of_show(parts):\n    return [argument(uri_of(parts[0]))]" in text
    assert "@stored(lazy=True)\ndef arguments_of_show_2(kept_3):\n    return [argument(uri_of(kept_3))]" in text
