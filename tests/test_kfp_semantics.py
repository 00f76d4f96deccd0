"""Every sample and case on a KFP server: the rules of the real drivers, which kfp.local does not have.

As in `test_behaviour.py`, plain Python is the reference. See `tests/support/pipelinespec` about the server.
"""

from __future__ import annotations

import pytest

from tests.support.discovery import Run, cases, samples
from tests.support.running import Runners, differences, surprises

pytest.importorskip("celpy", reason="the server's conditions need cel-python")

SERVER = "tests.support.pipelinespec.runner"


def runs() -> list[object]:
    """All runs on KFP; further parameters are slow ones, but for those of branches: the other arm."""
    wanted = [run for case in (*samples(), *cases()) if "kfp" in case.targets for run in case.runs]
    return [
        pytest.param(
            run, id=run.id, marks=[pytest.mark.slow] if run.number > (run.case.name.startswith("branch_")) else []
        )
        for run in wanted
        if run.status != "refused"
    ]


@pytest.mark.orchestrator
@pytest.mark.xdist_group("kfp-server")
@pytest.mark.parametrize("run", runs())
def test_server(run: Run, runners: Runners) -> None:
    reference, ran = runners.reference(run), runners.run(run, "kfp", SERVER)
    found = [*surprises(run, ran), *differences(reference, ran)]
    assert not found, "\n".join([*found, "on the server:", ran.outcome.error or "", ran.log])
