"""pipec does nothing that nobody asked for: it runs no user code to build, and leaves nothing behind when it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.discovery import ROOT, TARGETS

CASES = ROOT / "tests" / "cases"


def pipec(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command, as a user's shell starts it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "pipec", *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )


def contents(*folders: Path) -> dict[str, bytes]:
    """All that lies below the folders: files with their bytes, folders too."""
    found = [p for folder in folders for p in folder.rglob("*")]
    return {str(p): p.read_bytes() if p.is_file() else b"<folder>" for p in found}


@pytest.mark.parametrize("command", ["build", "check", "ir"])
def test_building_never_runs_the_module(command: str, tmp_path: Path) -> None:
    source = CASES / "code_never_runs" / "pipeline.py"
    mark = tmp_path / "mark"
    options = ["--target", ",".join(TARGETS), "--out", str(tmp_path / "out")] if command == "build" else []
    done = pipec(command, str(source), *options, cwd=tmp_path, env={"PIPEC_TEST_MARK": str(mark)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert not mark.exists(), "the module was run"
    assert command != "build" or {p.name for p in (tmp_path / "out").iterdir()} == set(TARGETS)
    subprocess.run(  # the same module, run: the mark does appear
        [sys.executable, str(source)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PIPEC_TEST_MARK": str(mark)},
        check=True,
    )
    assert mark.exists()


def test_building_needs_none_of_the_modules_imports(tmp_path: Path) -> None:
    source = tmp_path / "pipeline.py"
    source.write_text(
        "import a_library_that_nobody_has as lib\nfrom pipec import pipeline\n\n\n"
        "def load(n: int) -> int:\n    return lib.load(n)\n\n\n@pipeline\ndef p(n: int = 1) -> int:\n    return load(n)\n"
    )
    done = pipec("build", str(source), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.orchestrator
@pytest.mark.parametrize("name", ["failure_in_branch", pytest.param("artifact_kinds", marks=pytest.mark.slow)])
def test_verify_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    """Also where a run fails; and the homes that the user has are not looked at."""
    home, temporary, cwd = tmp_path / "home", tmp_path / "tmp", tmp_path / "cwd"
    own = {"AIRFLOW_HOME": tmp_path / "airflow", "METAFLOW_HOME": tmp_path / "metaflow"}
    for folder in (home, temporary, cwd, *own.values()):
        folder.mkdir()
    (own["AIRFLOW_HOME"] / "airflow.cfg").write_text("[core]\ndags_folder = /nowhere\nexecutor = NoSuchExecutor\n")
    (own["METAFLOW_HOME"] / "config.json").write_text('{"METAFLOW_DEFAULT_DATASTORE": "s3"}')
    before = contents(home, temporary, cwd, *own.values(), CASES / name)
    env = {"HOME": str(home), "TMPDIR": str(temporary), **{k: str(v) for k, v in own.items()}}
    env |= {"XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = pipec("verify", str(CASES / name), cwd=cwd, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    after = contents(home, temporary, cwd, *own.values(), CASES / name)
    assert sorted(set(after) - set(before)) == []
    assert after == before


def test_what_steps_leave_in_the_temporary_folder_goes_with_the_run(tmp_path: Path) -> None:
    """Each step of the case makes a folder there, as many a library does."""
    assert "mkdtemp" in (CASES / "artifact_folder" / "pipeline.py").read_text(encoding="utf-8")
    done = pipec("run", str(CASES / "artifact_folder"), cwd=tmp_path, env={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(tmp_path) == {}


@pytest.mark.orchestrator
@pytest.mark.parametrize("target", ["python", *TARGETS])
def test_a_failure_shows_the_steps_own_traceback(target: str, tmp_path: Path) -> None:
    done = pipec("run", str(CASES / "failure_in_branch"), "--target", target, cwd=tmp_path)
    shown = done.stdout + done.stderr
    assert done.returncode == 1, shown
    assert "ValueError: too large: 11" in shown
    assert 'raise ValueError("too large: "' in shown, "the line of the step that failed"
    assert "Traceback" in shown and "in check" in shown


@pytest.mark.parametrize("name", ["wrong_arguments", "syntax_error", "no_pipeline"])
def test_a_refused_build_writes_nothing(name: str, tmp_path: Path) -> None:
    done = pipec("build", str(ROOT / "tests" / "refusals" / name / "pipeline.py"), "--out", "out", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()


def test_check_of_committed_outputs(tmp_path: Path) -> None:
    """What `build --check` is for: stale, missing and extra files are told, with a difference, and nothing is written."""
    source = str(CASES / "graph_diamond" / "pipeline.py")
    assert pipec("build", source, "--out", "out", cwd=tmp_path).returncode == 0
    assert pipec("build", source, "--out", "out", "--check", cwd=tmp_path).returncode == 0
    stale = next((tmp_path / "out" / "airflow").rglob("*.py"))
    stale.write_text(stale.read_text() + "# edited\n")
    before = contents(tmp_path / "out")
    done = pipec("build", source, "--out", "out", "--check", cwd=tmp_path)
    assert done.returncode == 1 and "-# edited" in done.stdout + done.stderr
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("sample", sorted(p.parent.name for p in (ROOT / "samples").glob("*/pipeline.py")))
def test_outputs_of_samples_are_up_to_date(sample: str) -> None:
    done = pipec("build", f"samples/{sample}", "--check", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
