"""`pipec run` and `pipec verify` on plain Python: results, reports, exit status, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipec import backends
from tests.cli.conftest import Pipec
from tests.support.discovery import ROOT


def test_the_result_is_on_standard_output(project: Path, pipec: Pipec) -> None:
    done = pipec("run", "small.py", "--param", "rows=5")
    assert (done.exit_code, done.stdout) == (0, '"total 10"\n')
    assert "total succeeded" in done.stderr and "3 steps executed, 0 skipped" in done.stderr
    assert "resources of the cluster do not apply" in done.stderr


def test_json(project: Path, pipec: Pipec) -> None:
    assert pipec("run", "small.py", "-p", "rows=2", "--json", "report.json").exit_code == 0
    report = json.loads((project / "report.json").read_text())
    line = (project / "small.py").read_text().splitlines().index("    value = total(load(rows))") + 1
    assert report == {
        "target": "python",
        "pipeline": "small",
        "status": "succeeded",
        "result": None,
        "steps": [
            {"step": "load", "group": [], "line": line, "index": [], "status": "succeeded", "attempts": 1},
            {"step": "total", "group": [], "line": line, "index": [], "status": "succeeded", "attempts": 1},
            {"step": "show", "group": [], "line": line + 2, "index": [], "status": "skipped", "attempts": 0},
        ],
        "error": None,
    }
    assert json.loads(pipec("run", "small.py", "--json", "-").stdout)["result"] == "total 6"


def test_a_failure(project: Path, pipec: Pipec) -> None:
    source = (project / "small.py").read_text()
    (project / "small.py").write_text(source.replace("return sum(values)", "return sum(values) / 0"))
    done = pipec("run", "small.py", "--json", "report.json")
    assert done.exit_code == 1 and done.stdout == ""
    assert "ZeroDivisionError" in done.stderr and "in total" in done.stderr
    assert "observer" not in done.stderr, "frames of pipec itself"
    report = json.loads((project / "report.json").read_text())
    assert report["status"] == "failed" and report["result"] is None and "ZeroDivisionError" in report["error"]
    assert [(s["status"], s["attempts"]) for s in report["steps"]] == [("succeeded", 1), ("failed", 3), ("skipped", 0)]


def test_a_step_that_takes_the_process_down(project: Path, pipec: Pipec) -> None:
    source = (project / "small.py").read_text()
    (project / "small.py").write_text(source.replace("    return sum(values)", "    import os\n    os._exit(3)"))
    done = pipec("run", "small.py", "--json", "report.json")
    assert done.exit_code == 1 and "ended with status 3" in done.stderr
    report = json.loads((project / "report.json").read_text())
    assert [s["status"] for s in report["steps"]] == ["succeeded", "failed", "skipped"]


def test_verify(project: Path, pipec: Pipec) -> None:
    done = pipec("verify", "small.py", "-t", "python", "--json", "report.json")
    assert done.exit_code == 0 and "small: all agree" in done.stdout
    report = json.loads((project / "report.json").read_text())
    assert set(report) == {"pipeline", "agree", "runs", "differences"}
    assert report["agree"] is True and report["differences"] == [] and set(report["runs"]) == {"python"}


@pytest.mark.parametrize("command", ["run", "verify"])
def test_a_missing_orchestrator(project: Path, pipec: Pipec, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends.PACKAGES, "kfp", "no_such_package")
    done = pipec(command, "small.py", "-t", "kfp")
    assert done.exit_code == 2
    assert "pip install 'pipec[kfp]'" in done.stderr


def test_containers_have_no_meaning_in_plain_python(project: Path, pipec: Pipec) -> None:
    from pipec.compiler.diagnostics import Report
    from pipec.compiler.frontend import read
    from pipec.compiler.site import Site
    from pipec.ir import Container

    (found,) = read(project / "small.py", root=project, site=Site(), report=Report())
    first = found.components[0].model_copy(update={"function": None, "container": Container(image="x:1")})
    changed = found.model_copy(update={"components": (first, *found.components[1:])})
    (project / "small.ir.json").write_text(changed.model_dump_json())
    done = pipec("run", "small.ir.json")
    assert done.exit_code == 1 and "PC401" in done.stderr and "container" in done.stderr


@pytest.mark.parametrize(
    ("target", "reason"),
    [("python", "no meaning"), pytest.param("kfp", "no local runner", marks=pytest.mark.orchestrator)],
)
def test_containers_do_not_run_here(project: Path, pipec: Pipec, target: str, reason: str) -> None:
    source = 'from pipec import container, pipeline\n\nwork = container("x:1", ["work"])\n\n'
    (project / "boxes.py").write_text(source + "@pipeline\ndef boxes():\n    work()\n", encoding="utf-8")
    done = pipec("run", "boxes.py", "-t", target)
    assert done.exit_code == 1 and "PC401" in done.stderr and reason in done.stderr


def test_cache_outlives_the_run_where_asked_for(project: Path, pipec: Pipec) -> None:
    source = (project / "small.py").read_text().replace("@step(retries=2)", "@step(cache=True)")
    (project / "small.py").write_text(source)

    def statuses(*more: str) -> list[str]:
        assert pipec("run", "small.py", "--json", "r.json", *more).exit_code == 0
        report = json.loads((project / "r.json").read_text())
        assert report["result"] == f"total {6 if '-p' not in more else 10}"
        return [s["status"] for s in report["steps"]]

    assert statuses("--cache", "c") == ["succeeded", "succeeded", "succeeded"]
    assert statuses("--cache", "c") == ["succeeded", "cached", "succeeded"]
    assert statuses("--cache", "c", "-p", "rows=5") == ["succeeded", "succeeded", "succeeded"], "other inputs"
    assert statuses() == ["succeeded", "succeeded", "succeeded"]
    (project / "small.py").write_text(source.replace("return sum(values)", "return sum(values, 0)"))
    assert statuses("--cache", "c") == ["succeeded", "succeeded", "succeeded"], "other code"


def alive(mark: str) -> bool:
    """Whether a process has `mark` in its environment or command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                return True
        except OSError:
            continue
    return False


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_everything_and_leaves_nothing(project: Path, number: signal.Signals) -> None:
    (project / "small.py").write_text(
        "import subprocess, sys\nfrom pipec import pipeline, step\n\n@step\ndef wait() -> int:\n    print('waiting', flush=True)\n"
        "    subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])\n    return 1\n\n"
        "@pipeline\ndef slow() -> int:\n    return wait()\n"
    )
    temporary = project / "tmp"
    temporary.mkdir()
    mark = f"PIPEC_MARK_{os.getpid()}_{number}"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary), mark: "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipec", "run", "small.py"], stderr=subprocess.PIPE, text=True, env=env, cwd=project,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells make background jobs ignore it
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting" in line:
            break
    process.send_signal(number)
    process.stderr.read()
    assert process.wait(30) == 130
    deadline = time.monotonic() + 10
    while alive(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(mark)
    assert list(temporary.iterdir()) == []
    assert sorted(p.name for p in project.iterdir()) == ["pyproject.toml", "small.py", "tmp"]
