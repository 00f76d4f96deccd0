"""What pipec has written for Metaflow is read back, and does the same."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipec import api
from pipec.cli import cli
from tests.reading import corpus_metaflow as corpus
from tests.support.discovery import ROOT, cases, samples

BUILT = [case.name for case in (*cases(), *samples()) if (case.folder / "built" / "metaflow").is_dir()]
PARTS = 8
"""Processes, so that workers share them."""


@pytest.mark.parametrize("part", range(PARTS))
def test_comes_back_and_gives_the_same(part: int) -> None:
    """Each run of each case gives, as plain Python, what it gave, or fails with the same message."""
    names = BUILT[part::PARTS]
    command = [sys.executable, "-m", "tests.reading.metaflow_returns", *names]
    done = subprocess.run(command, cwd=corpus.ROOT, capture_output=True, text=True, check=True)
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines() if line.split(":")[0] in names)
    assert told == dict.fromkeys(names, "equal"), done.stderr


def test_settings_that_calls_give_come_back() -> None:
    found = corpus.read_flow(ROOT / "tests/cases/settings_argument/built/metaflow/settings_argument_flow.py")
    assert '@step(cpu=Argument("cores"), memory=Argument("memory"))\ndef count(' in found.text
    assert found.text.count("\ndef ") == 3


@pytest.mark.parametrize("name", ["name", "name_", "cpu", "next", "next__", "rows_"])
def test_parameters_have_their_names(name: str, tmp_path: Path) -> None:
    """Metaflow keeps some names for itself: a flow has others, that stand for one parameter each."""
    file = tmp_path / "named.py"
    text = "from pipec import pipeline, step\n\n\n@step\ndef f(n: int) -> int:\n    return n\n\n\n"
    file.write_text(f"{text}@pipeline\ndef named({name}: int = 1):\n    return f({name})\n", encoding="utf-8")
    (made,) = api.build([str(file)], ["metaflow"], api.Workspace())
    flow = tmp_path / made.bundle.main
    flow.write_text(made.bundle.files[made.bundle.main], encoding="utf-8")
    assert f"def named({name}: int = 1):\n    return f({name})\n" in corpus.read_flow(flow).text


CHECKED = """
import datetime as dt

from pipec import Cache, pipeline, step


@step(cache=Cache(version="2", ignore=("verbose", "label")))
def fetch(n: int, verbose: bool, label: str) -> int:
    return n


@step
def days(n: int) -> list[dt.date]:
    return [dt.date(2024, 2, 28) + dt.timedelta(days=i) for i in range(n)]


@step
def shown(day: dt.date) -> str:
    return f"{day:%d}"


@step
def weeks(n: int) -> list[int] | None:
    return [n] * n


@step
def double(n: int) -> int:
    return 2 * n


@pipeline
def checked(n: int = 3, loud: bool = True):
"""


def _checked(body: str, folder: Path) -> tuple[str, str]:
    """The module that the flow with this body is migrated to, and what that gives.

    With an `assert` among them, the steps become functions that call those of the user.
    """
    (folder / "checked.py").write_text(CHECKED + textwrap.indent(body, "    "), encoding="utf-8")
    (made,) = api.build([str(folder / "checked.py")], ["metaflow"], api.Workspace())
    flow = folder / made.bundle.main
    flow.write_text(made.bundle.files[made.bundle.main], encoding="utf-8")
    found = corpus.read_flow(flow)
    assert not found.refused, found.refused
    module = folder / "migrated.py"
    module.write_text(found.text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["run", str(module)])
    assert done.exit_code == 0, done.output
    return found.text, done.stdout.strip()


@pytest.mark.parametrize(
    ("call", "ignored"),
    [
        ('fetch(n, True, "a")', ""),
        ('fetch(n, loud, "a")', ', ignore=("loud",)'),
        ("fetch(n, loud, str(n))", ', ignore=("loud",)'),
        ("fetch(double(n), loud, str(n))", ', ignore=("loud", "n")'),
    ],
)
def test_what_a_cache_ignores_are_parameters_of_the_step(call: str, ignored: str, tmp_path: Path) -> None:
    text, result = _checked(f"x = {call}\nassert x > 1\nreturn x\n", tmp_path)
    assert f'cache=Cache(version="2"{ignored})' in text
    assert result in ("3", "6")


@pytest.mark.parametrize(
    ("steps", "signatures", "result"),
    [
        (
            "ds = days(n)\nassert n > 1\nreturn [shown(d) for d in ds]\n",
            ("checked_days(n: int) -> list[dt.date]", "checked_shown(item: dt.date) -> str"),
            '["28", "29", "01"]',
        ),
        (
            "ns = weeks(n)\nassert n > 1\nreturn [double(i) for i in ns]\n",
            ("checked_weeks(n: int) -> list[int] | None", "checked_double(item) -> int"),
            "[6, 6, 6]",
        ),
    ],
)
def test_a_step_says_of_its_result_what_the_function_says(
    steps: str, signatures: tuple[str, ...], result: str, tmp_path: Path
) -> None:
    """A list of what nothing is known of would be one of values, which dates are not."""
    text, given = _checked(steps, tmp_path)
    assert [s for s in signatures if s not in text] == []
    assert json.loads(given) == json.loads(result)
