"""Who is told of a failed step on a KFP server: once, after the last attempt, and nobody where all went well."""

import os
import re
from pathlib import Path

import pytest

from tests.support.building import build
from tests.support.discovery import ROOT, Case
from tests.support.pipelinespec.server import Server

pytest.importorskip("celpy")

TOLD = Case(ROOT / "tests" / "cases" / "settings_told")


@pytest.mark.parametrize(("by", "messages"), [("2", []), ("0", ["#ml-alerts step divide has failed (run ID)!"])])
def test_a_failed_step_is_told_once(tmp_path: Path, by: str, messages: list[str]) -> None:
    output, heard = build(TOLD, "kfp"), tmp_path / "heard"
    (text,) = (output.files[name] for name in output.main)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = Server(tmp_path, {**environment, "MESSAGES": str(heard)}).run(text, {"by": by})
    assert run.status == ("succeeded" if by == "2" else "failed"), run.errors
    lines = heard.read_text(encoding="utf-8").splitlines() if heard.exists() else []
    assert [re.sub(r"run [^)]+", "run ID", line) for line in lines] == messages
