"""Schedules of Kubeflow: what `kfp.Client().create_recurring_run` is told."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec.backends.kfp import KfpBackend
from pipec.backends.kfp.recurring import six_fields
from pipec.compiler import frontend, passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site


def built(tmp_path: Path, pipeline: str, parameters: str = "n: int = 3") -> tuple[dict[str, Any], list[str]]:
    """The arguments for a pipeline with these settings, and the codes of the findings."""
    file = tmp_path / "module.py"
    file.write_text(
        "from pipec import Cron, Every, pipeline, step\n\n@step\ndef work(n: int) -> int:\n    return n\n\n"
        f"@pipeline({pipeline})\ndef nightly({parameters}):\n    '''Every night.'''\n    return work(n)\n"
    )
    report = Report()
    (found,) = frontend.read(file, root=tmp_path, site=Site(), report=report)
    bundle = KfpBackend().build(passes.run(found, report), Site(), report)
    codes = [f.code for f in report if f.severity != "info"]
    text = bundle.files.get("nightly.recurring-run.yaml", "{}") if bundle is not None else "{}"
    return dict(yaml.safe_load(text)), codes


def test_cron(tmp_path: Path) -> None:
    """Seconds come first; the pipeline is the file beside it."""
    found, codes = built(tmp_path, 'schedule=Cron("0 2 * * *")')
    assert found == {
        "job_name": "nightly", "pipeline_package_path": "nightly.yaml", "description": "Every night.",
        "cron_expression": "0 0 2 * * *", "max_concurrency": 10, "no_catchup": True,
    }  # fmt: skip
    assert codes == []


def test_every(tmp_path: Path) -> None:
    found, codes = built(tmp_path, 'schedule=Every("15m"), max_active_runs=1')
    assert (found["interval_second"], found["max_concurrency"], codes) == (900, 1, ["PC402"])


def test_time_zone(tmp_path: Path) -> None:
    """It is the server's; so it is named as lost, and the window is converted."""
    found, codes = built(tmp_path, 'schedule=Cron("0 4 * * *", timezone="Europe/Berlin", start="2026-07-01")')
    assert (found["start_time"], codes) == ("2026-06-30T22:00:00Z", ["PC402"])


def test_window_and_catchup(tmp_path: Path) -> None:
    settings = 'Cron("@daily", start="2026-01-01", end="2026-06-01T12:00", catchup=True)'
    found, _ = built(tmp_path, f"schedule={settings}")
    assert (found["start_time"], found["end_time"]) == ("2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z")
    assert (found["no_catchup"], found["cron_expression"]) == (False, "0 0 0 * * *")


def test_no_schedule_no_file(tmp_path: Path) -> None:
    assert built(tmp_path, "") == ({}, [])


def test_a_parameter_without_a_default_is_refused(tmp_path: Path) -> None:
    assert "PC407" in built(tmp_path, 'schedule=Cron("0 2 * * *")', "n: int")[1]


@pytest.mark.parametrize(
    ("five", "six"),
    [
        ("*/5 1-3 1,15 JAN-MAR MON", "0 */5 1-3 1,15 JAN-MAR MON"),
        ("0 0 * * 7", "0 0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 0 * * 0,5,6"),
        ("0 0 * * 1-7/2", "0 0 0 * * 0,1,3,5"),
        ("@weekly", "0 0 0 * * 0"),
    ],
)
def test_days_and_fields(five: str, six: str) -> None:
    """robfig/cron knows Sunday as 0 alone."""
    assert six_fields(five) == six


@pytest.mark.orchestrator
def test_the_client_takes_the_arguments(tmp_path: Path) -> None:
    kfp = pytest.importorskip("kfp")
    found, _ = built(tmp_path, 'schedule=Cron("0 2 * * *", start="2026-01-01", end="2026-06-01")')
    inspect.signature(kfp.Client.create_recurring_run).bind(None, experiment_id="1", **found)
