"""Programs on the small server whose trouble is the container itself: its exit status, and its command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.discovery import Case
from tests.support.running import Ran, Runners, differences

pytest.importorskip("celpy", reason="the server's conditions need cel-python")

SERVER = "tests.support.pipelinespec.runner"


def agreeing(runners: Runners, folder: Path, source: str) -> Ran:
    """The pipeline `main` of a module on the server, where it does what plain Python does."""
    (folder / "pipeline.py").write_text(source, encoding="utf-8")
    (folder / "expect.json").write_text('{"function": "main"}', encoding="utf-8")
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    (run,) = Case(folder).runs
    reference, ran = runners.run(run, "python"), runners.run(run, "kfp", SERVER)
    assert not differences(reference, ran), ran.log
    return ran


@pytest.mark.orchestrator
def test_step_that_leaves_its_process_with_success_has_failed(runners: Runners, tmp_path: Path) -> None:
    source = """
import os

from pipec import pipeline, step


@step
def leave(n: int) -> None:
    os._exit(0)


@step
def after(n: int) -> int:
    return n


@pipeline
def main(n: int = 1) -> int:
    leave(n)
    return after(n)
"""
    assert agreeing(runners, tmp_path, source).outcome.status == "failed"


@pytest.mark.orchestrator
def test_several_long_values_fit_into_one_argument(runners: Runners, tmp_path: Path) -> None:
    source = """
from pipec import pipeline, step


@step
def big(n: int) -> list[str]:
    return ['"x' * 10] * (n * 1000)


@step
def use(a: list[str], b: list[str], c: list[str], k: int) -> int:
    return len(a) + len(b) + len(c) + k


@pipeline
def main(n: int = 1) -> int:
    a = big(n)
    b = big(n)
    c = big(n)
    return use(a, b, c, len(a) + len(b) + len(c))
"""
    assert agreeing(runners, tmp_path, source).outcome.result == 6_000
