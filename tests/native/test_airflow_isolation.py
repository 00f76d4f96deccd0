"""Steps in virtual environments of their own, made as on a worker; runs of cases take the environment of the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipec import api
from pipec.compiler.diagnostics import Finding

pytestmark = [pytest.mark.orchestrator, pytest.mark.xdist_group("airflow-settings")]

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HEAD = 'from pipec import pipeline, run, step\n\nISOLATED = {"airflow": {"isolation": "virtualenv"}}\n\n\n'
CALL = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
made = importlib.import_module("alone")
print("SHOWN" + "|".join(made.virtualenv(sys.argv[2], []) for _ in range(2)))
"""


def built(folder: Path, source: str, version: str = "3.3") -> tuple[dict[str, str], list[Finding]]:
    """What is written for the one pipeline in `source`, and what is found."""
    (folder / "pipeline.py").write_text(HEAD + source, encoding="utf-8")
    workspace = api.Workspace(versions={"airflow": version})
    made = api.build([str(folder / "pipeline.py")], ["airflow"], workspace)
    return (dict(made[0].bundle.files) if made else {}), [shown.finding for shown in workspace.shown()]


def test_environment_of_a_step(tmp_path: Path) -> None:
    """It has the Python version and packages that were asked for, nothing of the worker's own, and is made once."""
    files, _ = built(
        tmp_path,
        f'@step(python="{PYTHON}", targets=ISOLATED)\ndef where() -> list[str]:\n'
        "    import importlib.util, sys\n\n"
        '    found = importlib.util.find_spec("airflow") is not None\n'
        '    return [sys.prefix, ".".join(map(str, sys.version_info[:2])), str(found)]\n\n\n'
        "@pipeline\ndef alone():\n    return where()\n",
    )
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert f'@isolated(python="python{PYTHON}")' in files["alone.py"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PYTHONPATH"))}
    environment = {**clean, "AIRFLOW_HOME": str(tmp_path / "home"), "VIRTUALENVS": str(tmp_path / "environments")}
    command = [sys.executable, "-c", CALL, str(tmp_path), sys.executable]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    line = next((x for x in done.stdout.splitlines() if x.startswith("SHOWN")), None)
    assert line is not None, done.stdout + done.stderr
    first, again = line.removeprefix("SHOWN").split("|")
    assert first == again and Path(first).is_relative_to(tmp_path / "environments")
    (tmp_path / "call.json").write_text(json.dumps({"args": [], "kwargs": {}}))
    subprocess.run([first, tmp_path / "alone_steps.py", "where", tmp_path], env=clean, check=True)
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["result"] == [str(Path(first).parent.parent), PYTHON, "False"]


def test_packages_reach_the_environment(tmp_path: Path) -> None:
    """All that pip is to install, in one list; steps in the worker are warned of."""
    files, findings = built(
        tmp_path,
        '@step(packages=["rich==13.9.4", "attrs==24.3.0"], targets=ISOLATED)\ndef one() -> int:\n    return 1\n\n\n'
        '@step(packages=["rich==13.9.4"])\ndef two() -> int:\n    return 2\n\n\n'
        "@pipeline\ndef packed():\n    return one() + two()\n",
    )
    assert '@isolated(requirements=["rich==13.9.4", "attrs==24.3.0"])' in files["packed.py"]
    (told,) = [f for f in findings if f.code == "PC404"]
    assert "'two'" in told.message and "installs nothing" in told.message


@pytest.mark.parametrize("version", ["2.11", "3.1"])
def test_older_versions(tmp_path: Path, version: str) -> None:
    """What makes the environment was elsewhere in Airflow 2."""
    files, _ = built(
        tmp_path,
        f"@step(targets=ISOLATED)\ndef one() -> int:\n    return 1\n\n\n@pipeline\ndef old():\n{' ' * 4}return one()\n",
        version,
    )
    place = "airflow.utils" if version == "2.11" else "airflow.providers.standard.utils"
    assert f"from {place}.python_virtualenv import prepare_virtualenv" in files["old.py"]


@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [
        (
            "@step(targets=ISOLATED)\ndef one(n: int) -> int:\n    return n\n\n\n"
            "@pipeline\ndef refused(ns: list[int] = [1]):\n    found = []\n    for n in ns:\n        if n > 0:\n"
            "            m = one(n)\n        else:\n            m = one(-n)\n        found.append(m)\n    return found\n",
            "PC408", "decides itself whether it runs",
        ),
        (
            "@step(targets=ISOLATED)\ndef one(n: int) -> int:\n    return n\n\n\n"
            "@pipeline\ndef refused():\n    return one(run.attempt)\n",
            "PC408", "`run.attempt`",
        ),
        (
            '@step(targets={"airflow": {"isolation": "planet"}})\ndef one() -> int:\n    return 1\n\n\n'
            "@pipeline\ndef refused():\n    return one()\n",
            "PC407", "'isolation' is 'planet'; it is one of 'worker', 'virtualenv', 'pod', 'docker'",
        ),
        (
            '@step(python="3.11")\ndef one() -> int:\n    return 1\n\n\n@pipeline\ndef refused():\n    return one()\n',
            "PC407", "of its own",
        ),
    ],
    ids=["in-an-arm-in-a-loop", "attempt", "planet", "python-in-the-worker"],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, source: str, code: str, reason: str) -> None:
    """What takes Airflow in the step's own process, and what is no isolation."""
    files, findings = built(tmp_path, source)
    assert not files
    assert {f.code for f in findings if f.severity == "error"} == {code}
    assert any(reason in f.message for f in findings)
