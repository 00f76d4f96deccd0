"""Cases written for older Metaflows, and run on them, in environments of their own."""

from __future__ import annotations

import pytest

from pipec import api
from pipec.compiler.diagnostics import Finding
from pipec.compiler.diagnostics.target import UnsupportedFeature
from tests.support import warm
from tests.support.discovery import Run, cases
from tests.support.running import Runners, differences, surprises
from tests.test_behaviour import RUNS

FEW = {
    "2.16": (
        "fanout_out_of_order", "graph_crossing", "group_artifacts", "retries_then_success", "settings_cache", "settings_env",
    ),
    "2.18": ("artifact_kinds", "branch_in_fanout", "fanout_nested", "fanout_out_of_order", "run_values", "try_in_fanout"),
}  # fmt: skip
"""Version -> cases of everything that the versions have in different places; `make test-all` runs all."""
OLD = [run for run in RUNS if run.case in cases() and "metaflow" in run.case.targets]


def on(version: str) -> list[object]:
    """The runs on a version, in the process in which its worker is warm."""
    group = pytest.mark.xdist_group(f"metaflow-{version}")
    slow = {run.id: [] if run.case.name in FEW[version] and run.number == 0 else [pytest.mark.slow] for run in OLD}
    return [pytest.param(run, id=run.id, marks=[pytest.mark.orchestrator, group, *slow[run.id]]) for run in OLD]


def refused(run: Run, version: str) -> list[Finding]:
    """The findings that refuse a case on a version of Metaflow."""
    workspace = api.Workspace(versions={"metaflow": version})
    api.build([f"{run.case.file}:{run.case.function}"], ["metaflow"], workspace)
    return [s.finding for s in workspace.shown() if s.finding.severity == "error"]


def agree(run: Run, version: str, runners: Runners) -> None:
    """The run does what plain Python does, or is refused since it needs a later version."""
    if findings := refused(run, version):
        assert all(isinstance(f, UnsupportedFeature) and f"this is for {version}" in f.note for f in findings)
        assert run.case.name not in FEW[version]
        return
    ran = runners.run(run, "metaflow", warm.RUNNERS["metaflow"], version)
    reference = runners.reference(run)
    found = [*surprises(run, ran), *differences(reference, ran)]
    assert not found, "\n".join([*found, ran.outcome.error or "", ran.log])


@pytest.mark.parametrize("run", on("2.16"))
def test_before_conditionals(run: Run, runners: Runners) -> None:
    agree(run, "2.16", runners)


@pytest.mark.parametrize("run", on("2.18"))
def test_with_conditionals(run: Run, runners: Runners) -> None:
    agree(run, "2.18", runners)
