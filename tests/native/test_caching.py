"""One rule of caching on all targets: equal inputs and equal code hit, whatever an argument is made of in the pipeline."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipec import api
from pipec.api import building, running
from pipec.api.outcome import Outcome
from pipec.compiler.backend import Bundle
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


KEPT = """
from pipec import pipeline, step


@step(cache="1h")
def load(n: int) -> int:
    with open("CALLS", "a") as file:
        file.write("called\\n")
    return n


@pipeline
def p(n: int = 3) -> int:
    return load(n)
"""
ADDRESSED = """
from pathlib import Path

from pipec import pipeline, step, uri_of


@step(cache=True)
def write(text: str, tag: int) -> Path:
    file = Path("text.txt")
    file.write_text(text)
    return file


@step(cache=True)
def read(uri: str) -> list[str]:
    return [uri, Path(uri.removeprefix("file://")).read_text()]


@step
def compare(read: list[str], uri: str) -> list[object]:
    return [read[0] == uri, read[1]]


@pipeline
def p() -> list[object]:
    file = write("abc", TAG)
    return compare(read(uri_of(file)), uri_of(file))
"""
HOUR = 3600


class Cached:
    """Runs of the pipeline on one target, which share a cache."""

    def __init__(self, target: str, runners: Runners, folder: Path) -> None:
        self.target, self.runners, self.folder = target, runners, folder
        self.count = 0
        self.calls = folder / "calls"

    def run(self, factor: int, rate: float, offset: int = 0) -> Outcome:
        """Run the pipeline with these numbers in its source."""
        return self.run_text(
            SOURCE.replace("FACTOR", str(factor)).replace("RATE", str(rate)).replace("OFFSET", str(offset))
        )

    def run_text(self, text: str) -> Outcome:
        """Run the pipeline in `text`."""
        self.count += 1
        place = self.folder / str(self.count)
        place.mkdir()
        (place / "pipeline.py").write_text(text, encoding="utf-8")
        workspace = api.Workspace()
        found = api.read_one(str(place / "pipeline.py"), workspace)
        assert found is not None
        worker = self.runners.worker(self.target, warm.RUNNERS.get(self.target, ""))
        done = running.run(*found, worker, {}, place / "run", workspace, cache=self.folder / "cache")
        assert done is not None and not done[0].fault and done[0].status == "succeeded", done
        return done[0]

    def called(self, n: int) -> int:
        """How often the step was called in one more run of the pipeline with a cache that expires."""
        before = self.lines()
        self.run_text(KEPT.replace("CALLS", str(self.calls)).replace("int = 3", f"int = {n}"))
        return self.lines() - before

    def lines(self) -> int:
        """The calls until now."""
        return len(self.calls.read_text(encoding="utf-8").splitlines()) if self.calls.exists() else 0

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


@pytest.mark.parametrize("made", [on(target) for target in ("python", "kfp", "airflow")], indirect=True)
def test_an_address_is_an_argument_like_any_other(made: Cached) -> None:
    """What was made of it is reused only where the file is the very same one, and not one that is merely equal."""
    states = []
    for tag in (1, 1, 2):
        outcome = made.run_text(ADDRESSED.replace("TAG", str(tag)))
        assert outcome.result == [True, "abc"]
        states.append([entry.status for entry in outcome.steps][:2])
    again = "succeeded" if made.target == "python" else "cached"  # plain Python has its files elsewhere in each run
    assert states == [["succeeded", "succeeded"], ["cached", again], ["succeeded", "succeeded"]]


class Clock:
    """The time that generated code sees; plain Python keeps its entries as files, which become older."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start = self.now = (time.time() // HOUR) * HOUR  # where a window begins

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        for file in self.folder.rglob("value.pickle"):
            stat = file.stat()
            os.utime(file, (stat.st_atime - seconds, stat.st_mtime - seconds))

    def build(self, *given: object) -> Bundle | None:
        """What is built, with this clock in the place of the machine's."""
        made = building.build_one(*given)  # type: ignore[arg-type]  # as `running` calls it
        if made is None:
            return None
        now = time.time() + self.now - self.start  # what Metaflow compares it with, the machine has written
        clocks = {"time.time()": f"{self.now}", "datetime.now()": f"datetime.fromtimestamp({now})"}
        files = dict(made.files)
        for old, new in clocks.items():
            files = {name: text.replace(old, new) for name, text in files.items()}
        return replace(made, files=files)


@pytest.mark.parametrize("made", [on(target) for target in ("python", *TARGETS)], indirect=True)
def test_entries_expire(made: Cached, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(made.folder / "cache")
    monkeypatch.setattr(running, "build_one", clock.build)
    assert [made.called(1), made.called(1), made.called(2)] == [1, 0, 1]
    clock.forward(0.9 * HOUR)
    assert made.called(1) == 0
    clock.forward(0.2 * HOUR)
    assert made.called(1) == 1
    if made.target != "metaflow":  # which stamps its new entry with the machine's time
        assert made.called(1) == 0, "the new entry is valid from then on"
