"""`pipec diff`: what has changed for those who operate a pipeline, between files and between git revisions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipec.cli import cli

OLD = '''"""Train."""

from pipec import Cron, pipeline, step


def scale(n: int) -> int:
    return 2 * n


@step(memory="1Gi", cache=True)
def load(rows: int) -> int:
    return scale(rows)


@step
def train(rows: int, rate: float) -> float:
    return rows * rate


@step
def report(score: float) -> None:
    """Tell it."""


@pipeline(schedule=Cron("0 2 * * *"))
def training(rows: int = 5) -> float:
    data = load(rows)
    score = train(data, 0.1)
    report(score)
    return score
'''


def diff(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["diff", *map(str, arguments)])


def changes(old: str, new: str, folder: Path) -> set[tuple[str, str, str]]:
    """What differs, as "what", "change" and name."""
    for name, text in (("old", old), ("new", new)):
        (folder / name).mkdir()
        (folder / name / "pipeline.py").write_text(text, encoding="utf-8")
    done = diff(folder / "old" / "pipeline.py", folder / "new" / "pipeline.py", "--format", "json")
    assert done.exit_code == 0, done.output
    return {(one["what"], one["change"], one["name"]) for one in json.loads(done.output)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", set()),
        ("return 2 * n", "return 2 * n  # twice", set()),
        ('"1Gi"', '"2Gi"', {("setting", "changed", "load.memory")}),
        ('memory="1Gi", ', "", {("setting", "removed", "load.memory")}),
        ('memory="1Gi"', 'memory="1Gi", retries=2', {("setting", "added", "load.retries")}),
        ("return 2 * n", "return 3 * n", {("code", "changed", "load"), ("cache", "changed", "load")}),
        ("0 2 * * *", "0 3 * * *", {("setting", "changed", "schedule")}),
        ("rows: int = 5", "rows: int = 6", {("parameter", "changed", "rows")}),
        ("train(data, 0.1)", "train(data, 0.2)", {("arguments", "changed", "train")}),
        ("    report(score)\n", "", {("step", "removed", "report")}),
        ("    report(score)\n", "    if score > 1:\n        report(score)\n", {("control", "added", "if score > 1")}),
        ("    data = load(rows)\n    score = train(data, 0.1)", "    data = load(rows)\n    score = train(rows, 0.1)",
         {("arguments", "changed", "train"), ("edge", "removed", "load -> train"), ("edge", "added", "load -> report")}),
        ("def training(", "def evening(", {("pipeline", "removed", "training"), ("pipeline", "added", "evening")}),
        ("return score\n", "return data\n", {("result", "changed", "result")}),
    ],
)  # fmt: skip
def test_differences(old: str, new: str, expected: set[tuple[str, str, str]], tmp_path: Path) -> None:
    assert changes(OLD, OLD.replace(old, new), tmp_path) == expected


def git(folder: Path, *arguments: str) -> None:
    """Run git there, whatever the user's own configuration says."""
    own = ["-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two revisions of a pipeline in a folder, and a change that is not committed."""
    folder = tmp_path / "repository"
    file = folder / "flows" / "pipeline.py"
    file.parent.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for text in (OLD, OLD.replace('"1Gi"', '"2Gi"')):
        file.write_text(text, encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", "Change")
    file.write_text(OLD.replace('"1Gi"', '"4Gi"'), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("HEAD~1", "HEAD", '"1Gi" -> "2Gi"'),
        ("HEAD", "flows/pipeline.py", '"2Gi" -> "4Gi"'),
        ("HEAD~1", "flows", '"1Gi" -> "4Gi"'),
        ("main:flows/pipeline.py", "flows/pipeline.py:training", '"2Gi" -> "4Gi"'),
        ("main", "flows/pipeline.py:training", '"2Gi" -> "4Gi"'),
    ],
)
def test_revisions(old: str, new: str, expected: str, repository: Path) -> None:
    done = diff(old, new)
    assert done.exit_code == 0, done.output
    assert expected in done.output
    status = subprocess.run(["git", "status", "--short"], cwd=repository, capture_output=True, text=True)
    assert status.stdout == " M flows/pipeline.py\n", "the repository is only read"


@pytest.mark.parametrize("operand", ["nothing", "--help-me", "HEAD:../outside.py", "no-branch:flows"])
def test_wrong_usage(operand: str, repository: Path) -> None:
    assert diff(operand, "flows").exit_code == 2


def test_what_cannot_be_read_is_reported(repository: Path) -> None:
    (repository / "flows" / "pipeline.py").write_text("def (", encoding="utf-8")
    done = diff("HEAD", "flows/pipeline.py")
    assert done.exit_code == 1 and "PC101" in done.output
