"""Functions that a flow of pipec's own calls at the end of a run come back as settings of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipec.cli import cli
from tests.support.discovery import ROOT


@pytest.mark.parametrize(
    ("case", "settings"),
    [
        ("settings_run_hooks", "on_failure=page, on_success=post"),
        ("names_shown", 'name="../Größen/nightly: {all} of them", on_success=tell'),
    ],
)
def test_hooks_come_back_and_are_written_as_they_were(case: str, settings: str, tmp_path: Path) -> None:
    (flow,) = (ROOT / "tests/cases" / case / "built/metaflow").glob("*.py")
    out = tmp_path / "out"
    done = CliRunner().invoke(cli, ["migrate", str(flow), "--to", "python,metaflow", "--out", str(out)])
    assert done.exit_code == 0, done.output
    (module,), (again,) = out.glob("*.py"), (out / "metaflow").glob("*.py")
    text = module.read_text(encoding="utf-8")
    assert f"@pipeline({settings})" in text and "run_succeeded" not in text and "metaflow" not in text
    old, new = (f.read_text(encoding="utf-8").split("@exit_hook", 1) for f in (flow, again))
    assert old[1].split("\n")[0] == new[1].split("\n")[0]
    hooks = [part[part.index("def run_succeeded") : part.index("@contextlib")] for part in (old[0], new[0])]
    assert hooks[0] == hooks[1]


def test_a_hook_that_somebody_has_changed_is_named(tmp_path: Path) -> None:
    (flow,) = (ROOT / "tests/cases/settings_run_hooks/built/metaflow").glob("*.py")
    text = flow.read_text(encoding="utf-8").replace("def run_failed(run):\n", "def run_failed(run):\n    print(run)\n")
    (tmp_path / "flow.py").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["migrate", str(tmp_path / "flow.py")])
    assert done.exit_code == 1 and "`@exit_hook` of `SettingsRunHooksFlow` is not kept" in done.output
    assert "print(run)" in (tmp_path / "migrated" / "flow.py").read_text(encoding="utf-8")
