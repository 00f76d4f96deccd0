"""A pipeline that comes back from the files of an orchestrator returns what it returned."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec import api
from pipec.api.migrating import migrate
from pipec.backends import REFERENCE
from tests.reading.own_results import BODIES, module, result_of


@pytest.mark.parametrize("target", ["airflow", "kfp", "metaflow"])
@pytest.mark.parametrize("name", BODIES)
def test_returns_what_it_returned(target: str, name: str, tmp_path: Path) -> None:
    body, result = BODIES[name]
    file = tmp_path / "results.py"
    file.write_text(module(body), encoding="utf-8")
    assert result_of(file.read_text(encoding="utf-8"), "results") == result
    (made,) = api.build([f"{file}:results"], [target], api.Workspace())
    built = tmp_path / "built" / made.bundle.main
    built.parent.mkdir()
    built.write_text(made.bundle.files[made.bundle.main], encoding="utf-8")
    done = migrate(built, target, (REFERENCE,), tmp_path / "migrated", api.Workspace())
    assert done.pipelines and not [f for f in done.findings if f.severity in ("error", "warning")]
    (text,) = done.files.values()
    assert result_of(text, done.pipelines[0].function) == result
