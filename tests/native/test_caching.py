"""One rule of caching on all targets: equal inputs and equal code hit, whatever an argument is made of in the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec import api
from pipec.api import running
from pipec.api.outcome import Outcome
from tests.support import warm
from tests.support.discovery import TARGETS
from tests.support.running import Runners

SOURCE = """
from pipec import Cache, pipeline, run, step


def helper(n: int) -> int:
    return n + OFFSET


@step(cache=True)
def train(n: int, rate: float) -> float:
    return helper(n) * rate


@step(cache=Cache(ignore=("tag",)))
def tagged(n: float, tag: str) -> float:
    return n + 1


@pipeline
def p(alpha: float = 0.5) -> list[float]:
    first = train(1, alpha * FACTOR)
    second = train(1, RATE)
    return [first, second, tagged(first, f"{run.id} {FACTOR}")]
"""


class Cached:
    """Runs of the pipeline on one target, which share a cache."""

    def __init__(self, target: str, runners: Runners, folder: Path) -> None:
        self.target, self.runners, self.folder = target, runners, folder
        self.count = 0

    def run(self, factor: int, rate: float, offset: int = 0) -> Outcome:
        """Run the pipeline with these numbers in its source."""
        self.count += 1
        place = self.folder / str(self.count)
        place.mkdir()
        text = SOURCE.replace("FACTOR", str(factor)).replace("RATE", str(rate)).replace("OFFSET", str(offset))
        (place / "pipeline.py").write_text(text, encoding="utf-8")
        workspace = api.Workspace()
        found = api.read_one(str(place / "pipeline.py"), workspace)
        assert found is not None
        worker = self.runners.worker(self.target, warm.RUNNERS.get(self.target, ""))
        done = running.run(*found, worker, {}, place / "run", workspace, cache=self.folder / "cache")
        assert done is not None and not done[0].fault and done[0].status == "succeeded", done
        return done[0]

    def hits(self, factor: int, rate: float, offset: int = 0) -> tuple[object, list[str]]:
        """The result, and the status of each call."""
        outcome = self.run(factor, rate, offset)
        return outcome.result, [entry.status for entry in outcome.steps]


@pytest.fixture
def made(request: pytest.FixtureRequest, runners: Runners, tmp_path: Path) -> Cached:
    (tmp_path / "cache").mkdir()
    return Cached(request.param, runners, tmp_path)


def on(target: str) -> object:
    """A parameter, in the process in which the runner of the target is warm."""
    marks = [] if target == "python" else [pytest.mark.orchestrator, pytest.mark.xdist_group(f"run-{target}")]
    return pytest.param(target, marks=marks)


@pytest.mark.parametrize("made", [on(target) for target in ("python", *TARGETS)], indirect=True)
def test_what_hits_and_what_misses(made: Cached) -> None:
    ran, hit = "succeeded", "cached"
    assert made.hits(2, 0.25) == ([1.0, 0.25, 2.0], [ran, ran, ran])
    result, states = made.hits(2, 0.25)
    assert result == [1.0, 0.25, 2.0] and states[:2] == [hit, hit]
    assert states[2] == hit or made.target == "kfp", "which cannot ignore an argument, as its table says"
    result, states = made.hits(3, 0.75)
    assert result == [1.5, 0.75, 2.5] and states == [ran, ran, ran], "other constants and expressions are other inputs"
    result, states = made.hits(2, 0.25, offset=1)
    assert result == [2.0, 0.5, 3.0] and states == [ran, ran, ran], "a changed helper is other code"
