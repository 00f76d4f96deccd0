"""Risks of settings: each is told once, at the setting, and with the place in the code that makes it one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipec import api
from pipec.compiler import cron
from pipec.compiler.diagnostics import Finding

HEAD = """\
import random
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pipec import Cache, Cron, Retry, pipeline, step


def helper(path: str) -> None:
    with open(path, "a") as file:
        file.write("x")


"""


def risks(tmp_path: Path, settings: str, body: str, on_pipeline: str = "", returns: str = "int") -> list[Finding]:
    """The findings of the family 3xx about a module with one step."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    text = f"{HEAD}@step({settings})\ndef work(n: int) -> {returns}:\n{lines}\n\n\n"
    text += f"@pipeline({on_pipeline})\ndef main(n: int = 1) -> object:\n    return [work(n), work(2)]\n"
    (tmp_path / "pipeline.py").write_text(text, encoding="utf-8")
    workspace = api.Workspace()
    found = api.read([str(tmp_path / "pipeline.py")], workspace)
    assert found and found[0].lowered()
    return [s.finding for s in workspace.shown() if s.finding.code.startswith("PC3")]


@pytest.mark.parametrize(
    ("settings", "body", "code"),
    [
        ('gpu="a100"', "return n", "PC305"),
        ("gpu=1", "return int(np.sum([n]))", "PC305"),
        ("gpu=1", "import torch\nreturn n", ""),
        ("gpu=1", "import subprocess\nsubprocess.run(['train'])\nreturn n", ""),
        ('memory="8Gi", memory_limit="4Gi"', "return n", "PC306"),
        ('cpu=2, cpu_limit="1500m"', "return n", "PC306"),
        ('memory="4Gi", memory_limit="4Gi"', "return n", ""),
        ('timeout="1h", deadline="2h"', "return n", "PC322"),
        ('timeout="1h", deadline="60m"', "return n", "PC322"),
        ('timeout="1h", deadline="59m"', "return n", ""),
        ("retries=2", "helper('log')\nreturn n", "PC307"),
        ("retries=2", "with Path('log').open(mode='a') as file:\n    file.write('x')\nreturn n", "PC307"),
        ("retries=2", "sql = 'INSERT INTO runs VALUES (1)'\nreturn len(sql)", "PC307"),
        ("retries=2", "sql = 'INSERT INTO runs VALUES (1) ON CONFLICT DO NOTHING'\nreturn len(sql)", ""),
        ("retries=2", "with open('out', 'w') as file:\n    file.write('x')\nreturn n", ""),
        ("retries=0", "helper('log')\nreturn n", ""),
        ("", "helper('log')\nreturn n", ""),
        ('image="team/train:latest"', "return n", "PC309"),
        ('image="registry:5000/train"', "return n", "PC309"),
        ('image="registry:5000/train:1"', "return n", ""),
        (f'image="team/train@sha256:{"0" * 64}"', "return n", ""),
        ('packages=["rich", "attrs==23.1"]', "return n", "PC310"),
        ('packages=["attrs>=23", "rich~=13.0"]', "return n", ""),
        ("cache=True", "return int(random.random() * n)", "PC319"),
        ("cache=True", "random.seed(n)\nreturn int(random.random() * n)", ""),
        ("cache=True", "return int(np.random.default_rng().random() * n)", "PC319"),
        ("cache=True", "return int(np.random.default_rng(n).random() * n)", ""),
        ("cache=True", "return datetime.now().year", "PC319"),
        ("cache=True", "return int(time.time())", "PC319"),
        ("", "return int(time.time())", ""),
    ],
)
def test_step(tmp_path: Path, settings: str, body: str, code: str) -> None:
    assert [f.code for f in risks(tmp_path, settings, body)] == ([code] if code else [])


def test_is_told_at_the_setting_and_shows_the_code(tmp_path: Path) -> None:
    (found,) = risks(tmp_path, "retries=2", "helper('log')\nreturn n")
    lines = (tmp_path / "pipeline.py").read_text(encoding="utf-8").splitlines()
    assert "retries=2" in lines[found.span.line - 1]
    (label,) = found.labels
    assert lines[label.span.line - 1][label.span.column - 1 : label.span.end_column - 1] == 'open(path, "a")'


@pytest.mark.parametrize(
    ("body", "returns", "code"),
    [
        ("return pd.DataFrame({'n': [n]}).to_dict('records')", "list", "PC308"),
        ("return Path('text').read_text()", "str", "PC308"),
        ("return pd.DataFrame({'n': [n]})", "pd.DataFrame", ""),
        ("rows = pd.DataFrame({'n': [n]}).to_dict('records')\nreturn len(rows)", "int", ""),
    ],
)
def test_large_value(tmp_path: Path, body: str, returns: str, code: str) -> None:
    found = risks(tmp_path, "", body, returns=returns)
    assert [f.code for f in found] == ([code] if code else [])


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ('Cron("30 2 * * *", timezone="Europe/Berlin")', "02:30 on 2026-03-29 in Europe/Berlin"),
        ('Cron("30 2 * * MON", timezone="Europe/Berlin")', ""),
        ('Cron("0 2 * 3 0", timezone="America/New_York")', "02:00 on 2026-03-08 in America/New_York"),
        ('Cron("0 0 * * *", timezone="America/Santiago")', "00:00 on 2026-09-06 in America/Santiago"),
        ('Cron("0 * * * *", timezone="Europe/Berlin")', ""),
        ('Cron("30 3 * * *", timezone="Europe/Berlin")', ""),
        ('Cron("30 2 * * *")', ""),
        ('"@daily"', ""),
    ],
)
def test_hour_that_does_not_exist(tmp_path: Path, schedule: str, told: str) -> None:
    found = risks(tmp_path, "", "return n", f"schedule={schedule}")
    assert [f.code for f in found] == (["PC318"] if told else [])
    assert all(told in f.message for f in found)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("60 2 * * *", "'60' is not among 0 to 59"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 2 0 * *", "no day of the month"),
        ("0 2 * JANUARY *", "no month"),
        ("0 2 * * 5-1", "ends before it begins"),
        ("*/0 2 * * *", "a step is a number from 1 on"),
        ("0 2 * *", "4 fields"),
    ],
)
def test_what_is_no_cron_expression(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cron.parse(expression)


def test_days_of_month_and_week_are_alternatives() -> None:
    both = cron.parse("0 6 1 * 5")
    assert both is not None
    days = [d for d in range(1, 32) if both.runs_on(datetime(2026, 5, d).date())]
    assert days == [1, 8, 15, 22, 29]  # the first is a Friday
    assert cron.parse("0 6 L * *") is None
    names = cron.parse("0 6 * jan-mar MON,7")
    assert names is not None and names.months == {1, 2, 3} and names.weekdays == {0, 1}


def test_a_time_that_the_clock_jumps_over_is_found_where_it_is() -> None:
    parsed = cron.parse("30 1 * * *")
    assert parsed is not None
    assert cron.skipped(parsed, ZoneInfo("Europe/London")) == datetime(2026, 3, 29, 1, 30)
    assert cron.skipped(parsed, ZoneInfo("Asia/Tokyo")) is None


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ('Cron("61 2 * * *")', "'61' is not among 0 to 59"),
        ('Cron("0 2 * * *", timezone="Europe/Belin")', "did you mean 'Europe/Berlin'"),
        ('Cron("0 2 * * *", start="soon")', "start='soon' is no date"),
    ],
)
def test_a_wrong_schedule_is_a_finding(tmp_path: Path, schedule: str, reason: str) -> None:
    (tmp_path / "pipeline.py").write_text(
        HEAD + f"@step\ndef work(n: int) -> int:\n    return n\n\n\n@pipeline(schedule={schedule})\n"
        "def main(n: int = 1) -> int:\n    return work(n)\n",
        encoding="utf-8",
    )
    workspace = api.Workspace()
    api.read([str(tmp_path / "pipeline.py")], workspace)
    told = [s.finding.message for s in workspace.shown() if s.finding.severity == "error"]
    assert len(told) == 1 and reason in told[0]
