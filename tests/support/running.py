"""Runs of cases on plain Python and on the targets, in one warm process for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipec import api
from pipec.api import parameters, running, verifying, workers
from pipec.api.outcome import Entry, Outcome
from pipec.ir import Pipeline
from tests.support import environments
from tests.support.building import findings_of
from tests.support.discovery import ANY, Run

REFERENCE = "python"


@dataclass(frozen=True)
class Ran:
    """What a run of a case did on one target."""

    selected: api.Selected
    pipeline: Pipeline
    outcome: Outcome
    result: Path
    """File with the loaded result."""
    log: str


@dataclass
class Runners:
    """The worker processes of a test session; each starts with its first run."""

    folder: Path
    """Under which every run has a folder of its own."""
    _workers: dict[str, workers.Worker] = field(default_factory=dict)
    _references: dict[str, Ran] = field(default_factory=dict)
    _count: int = 0

    def run(self, run: Run, target: str, module: str = "", version: str = "") -> Ran:
        """Run a case on `target`, in an empty folder, with an empty cache; by another runner than its own if `module`.

        A `version` is written for, and run in the environment of `tests/environments` that has it.
        """
        self._count += 1
        folder, own = self.folder / f"{self._count}" / "run", self.folder / f"{self._count}" / "own"
        folder.mkdir(parents=True)
        own.mkdir()
        workspace = api.Workspace(versions={target: version} if version else {})
        found = api.read_one(f"{run.case.file}:{run.case.function}", workspace)
        assert found is not None, findings_of(run.case.file, run.case.function)
        selected, pipeline = found
        given = parameters.check(pipeline, typed(pipeline, run.parameters(own)))
        said: list[str] = []
        done = running.run(
            selected, pipeline, self.worker(target, module, version), given, folder, workspace,
            on_event=lambda event: said.append(getattr(event, "text", "")),
        )  # fmt: skip
        assert done is not None, [f"{s.finding.code} {s.finding.message}" for s in workspace.shown()]
        outcome, result = done
        assert not outcome.fault, outcome.error
        return Ran(selected, pipeline, outcome, result, "\n".join(filter(None, said)))

    def worker(self, target: str, module: str = "", version: str = "") -> workers.Worker:
        """The process of `target` of this session, by another runner than its own if `module`."""
        name = f"{module or target} {version}"
        if name not in self._workers:
            worker = workers.Worker(target)
            worker.module = module or worker.module
            worker.python = environments.python(f"{target}-{version}") if version else worker.python
            self._workers[name] = worker
        return self._workers[name]

    def reference(self, run: Run) -> Ran:
        """The run on plain Python, once for all targets."""
        if run.id not in self._references:
            self._references[run.id] = self.run(run, REFERENCE)
        return self._references[run.id]

    def close(self) -> None:
        """Stop the workers."""
        for worker in self._workers.values():
            worker.stop()


def typed(pipeline: Pipeline, values: dict[str, Any]) -> dict[str, Any]:
    """Values of an `expect.json` as the command line would read them: lists become tuples where the parameter says so."""
    import json

    known = {p.name: p for p in pipeline.parameters}
    return {
        name: parameters.value_for(known[name], json.dumps(value)) if name in known else value
        for name, value in values.items()
    }


def differences(reference: Ran, ran: Ran) -> list[str]:
    """What a target did otherwise than plain Python."""
    done = {REFERENCE: (reference.outcome, reference.result), ran.outcome.target: (ran.outcome, ran.result)}
    return [d.text for d in verifying.differences(reference.selected, reference.pipeline, done)]


def surprises(run: Run, ran: Ran) -> list[str]:
    """Where a run is not what the case's `expect.json` says."""
    outcome = ran.outcome
    found = []
    if outcome.status != run.status:
        found.append(f"{outcome.status} instead of {run.status}: {outcome.error}")
    if run.result is not ANY and outcome.status == "succeeded" and outcome.result != run.result:
        found.append(f"result {outcome.result!r} instead of {run.result!r}")
    if run.error and run.error not in (outcome.error or ""):
        found.append(f"the error does not say {run.error!r}: {outcome.error}")
    for step, status in run.steps.items():
        found += [f"{e.label} {e.status} instead of {status}" for e in calls(outcome, step) if e.status != status]
    for step, attempts in run.attempts.items():
        found += [
            f"{e.label}: {e.attempts} attempts instead of {attempts}"
            for e in calls(outcome, step)
            if e.attempts != attempts
        ]
    return found


def calls(outcome: Outcome, step: str) -> list[Entry]:
    """The calls of a step; there is at least one."""
    found = [entry for entry in outcome.steps if entry.step == step]
    assert found, f"no call of {step}"
    return found
