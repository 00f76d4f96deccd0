"""Plain Python as the reference: what it copies, converts, limits and records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Pipec


@pytest.fixture
def outcome(project: Path, pipec: Pipec) -> Any:
    """Runs the source of a module; the report."""

    def run(source: str, *arguments: str) -> dict[str, Any]:
        (project / "small.py").write_text(
            "from __future__ import annotations\nfrom pipec import pipeline, step\n" + source
        )
        done = pipec("run", "small.py", "--json", "report.json", *arguments)
        assert done.exit_code in (0, 1), done.output
        report: dict[str, Any] = json.loads((project / "report.json").read_text())
        report["log"] = done.stderr
        return report

    return run


def statuses(report: dict[str, Any]) -> list[tuple[str, list[int], str, int]]:
    return [(s["step"], s["index"], s["status"], s["attempts"]) for s in report["steps"]]


def test_time_limits(outcome: Any) -> None:
    report = outcome(
        "import time\n\n@step(timeout=1, retries=1)\ndef wait() -> int:\n    time.sleep(30)\n    return 1\n\n"
        "@pipeline\ndef p() -> int:\n    return wait()\n"
    )
    assert report["status"] == "failed" and "longer than its time limit of 1 s" in report["error"]
    assert statuses(report) == [("wait", [], "failed", 2)]


def test_indices_of_nested_loops_and_of_filters(outcome: Any) -> None:
    report = outcome(
        "@step\ndef f(a: int, b: int) -> int:\n    return 10 * a + b\n\n"
        "@pipeline\ndef p(n: int = 4) -> list:\n    out = []\n    for a in range(2):\n"
        "        out.append([f(a, b) for b in range(n) if b % 2])\n    return out\n"
    )
    assert report["result"] == [[1, 3], [11, 13]]
    assert [s["index"] for s in report["steps"]] == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_a_loop_that_is_never_reached_has_no_entries(outcome: Any) -> None:
    report = outcome(
        "@step\ndef f(a: int) -> int:\n    return a\n\n@pipeline\ndef p(n: int = 0) -> list:\n"
        "    first = f(n)\n    if first > 0:\n        return [f(i) for i in range(first)]\n    return [f(i) for i in range(first)]\n"
    )
    assert (report["result"], statuses(report)) == ([], [("f", [], "succeeded", 1)])


def test_groups_are_named(outcome: Any) -> None:
    report = outcome(
        "@step\ndef f(a: int) -> int:\n    return a + 1\n\n@pipeline\ndef inner(a: int) -> int:\n    return f(f(a))\n\n"
        "@pipeline\ndef outer(n: int = 1) -> list:\n    return [inner(i) for i in range(n + 1)] + [f(n)]\n"
    )
    assert report["result"] == [2, 3, 2]
    assert [(s["group"], s["index"]) for s in report["steps"]] == [
        (["inner"], [0]), (["inner"], [0]), (["inner"], [1]), (["inner"], [1]), ([], []),
    ]  # fmt: skip


def test_objects_and_files_are_copies(outcome: Any) -> None:
    report = outcome(
        "from pathlib import Path\n\nclass Box:\n    def __init__(self):\n        self.items = [1]\n\n"
        "@step\ndef make() -> Box:\n    return Box()\n\n@step\ndef write() -> Path:\n    Path('d').mkdir()\n"
        "    Path('d/x.txt').write_text('1')\n    return Path('d')\n\n"
        "@step\ndef spoil(box: Box, folder: Path) -> int:\n    box.items.clear()\n    (folder / 'x.txt').write_text('2')\n    return 0\n\n"
        "@step\ndef look(box: Box, folder: Path, _: int) -> list:\n    return [len(box.items), folder.name, (folder / 'x.txt').read_text()]\n\n"
        "@pipeline\ndef p() -> list:\n    box = make()\n    folder = write()\n    done = spoil(box, folder)\n    return look(box, folder, done)\n"
    )
    assert report["result"] == [1, "d", "1"]


@pytest.mark.parametrize(
    ("returned", "annotation", "told"),
    [
        ("object()", "dict", "step 'f' returned a object, which cannot travel as a value; annotate"),
        ("[1]", "list[Plain]", None),
        ("3", "Path", "its annotation says a path"),
        ("Path('nowhere')", "Path", "there is no such file"),
        ("3", "list[Plain]", "its annotation says a list"),
        ("lambda: 1", "Plain", "pickle"),
    ],
)
def test_results_that_cannot_travel(outcome: Any, returned: str, annotation: str, told: str | None) -> None:
    report = outcome(
        f"from pathlib import Path\n\nclass Plain:\n    pass\n\n@step\ndef f() -> {annotation}:\n    return {returned}\n\n"
        "@step\ndef g(x: object) -> int:\n    return 1\n\n@pipeline\ndef p() -> int:\n    return g(f())\n"
    )
    if told is None:
        assert report["result"] == 1
    else:
        assert told in report["error"] and statuses(report)[0] == ("f", [], "failed", 1)


def test_a_result_that_nobody_reads_need_not_travel(outcome: Any) -> None:
    report = outcome(
        "@step\ndef f() -> dict:\n    return iter([])\n\n@step\ndef g() -> int:\n    return 1\n\n"
        "@pipeline\ndef p() -> int:\n    f()\n    return g()\n"
    )
    assert (report["status"], report["result"]) == ("succeeded", 1)


def test_the_module_is_imported_under_its_real_name(project: Path, outcome: Any) -> None:
    (project / "jobs").mkdir()
    (project / "jobs" / "__init__.py").write_text("FROM = 'package'\n")
    (project / "lib").mkdir()
    (project / "lib" / "helpers.py").write_text("def name(x) -> str:\n    return x\n")
    (project / "pyproject.toml").write_text('[tool.pipec]\npaths = ["lib"]\n')
    (project / "jobs" / "train.py").write_text(
        "from helpers import name\nfrom pipec import pipeline, step\nfrom . import FROM\n\n"
        "@step\ndef f() -> str:\n    return f'{__name__} {FROM}'\n\n@pipeline\ndef p() -> str:\n    return name(f())\n"
    )
    report = outcome("@step\ndef unused() -> int:\n    return 1\n\n@pipeline\ndef p() -> int:\n    return unused()\n")
    assert report["result"] == 1
    from click.testing import CliRunner

    from pipec.cli import cli

    done = CliRunner().invoke(cli, ["run", "jobs/train.py"])
    assert done.stdout == '"jobs.train package"\n' or "PC111" in done.stderr, done.output
    assert not list(project.rglob("__pycache__")), "importing the project left something behind"


def test_what_steps_print_is_shown_with_their_names(outcome: Any) -> None:
    report = outcome(
        "import sys\n\n@step\ndef talk() -> int:\n    print('one')\n    print('two', end='', file=sys.stderr)\n    return 1\n\n"
        "@pipeline\ndef p() -> int:\n    return talk()\n"
    )
    assert "talk | one" in report["log"] and "talk | two" in report["log"]


def test_environment_and_working_folder_are_the_steps_own(outcome: Any) -> None:
    report = outcome(
        "import os\nfrom pathlib import Path\n\n@step(env={'MODE': 'x'})\ndef f() -> list:\n    before = os.listdir()\n"
        "    Path('mine').touch()\n    os.environ['LEFT'] = 'y'\n    return [os.environ['MODE'], before]\n\n"
        "@step\ndef g(_: list) -> list:\n    return [os.environ.get('MODE'), os.environ.get('LEFT'), os.listdir()]\n\n"
        "@pipeline\ndef p() -> list:\n    a = f()\n    return [a, g(a)]\n"
    )
    assert report["result"] == [["x", []], [None, None, []]]
