"""Whether every target did what plain Python did: results, calls and attempts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipec import backends
from pipec.api.dependence import Dependence
from pipec.api.outcome import Entry, Index, Outcome
from pipec.api.running import run
from pipec.api.sources import Selected, Workspace
from pipec.api.together import together
from pipec.api.workers import Worker, environment, throwaway
from pipec.compiler import passes
from pipec.compiler.backend.protocol import Event
from pipec.compiler.diagnostics import Report
from pipec.ir import Pipeline

Done = tuple[Outcome, Path]
"""A run, and the file with its result."""


@dataclass(frozen=True)
class Difference:
    """One thing that a target did otherwise than plain Python."""

    target: str
    kind: str
    """"status", "result" or "step"."""
    where: str
    """Path inside the result, or the call."""
    expected: str
    actual: str

    @property
    def text(self) -> str:
        """For people."""
        where = f" of {self.where}" if self.where and self.kind == "step" else f" at {self.where}" if self.where else ""
        return f"{self.target}: {self.kind}{where}: {self.actual}, but plain Python gives {self.expected}"

    def as_json(self) -> dict[str, str]:
        """As `verify --json` writes it."""
        return {
            "target": self.target, "kind": self.kind, "where": self.where, "expected": self.expected,
            "actual": self.actual, "message": self.text,
        }  # fmt: skip


@dataclass
class Verification:
    """Runs of one pipeline on several targets, held against plain Python."""

    pipeline: str
    runs: dict[str, Outcome] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """Targets that a finding keeps the pipeline from."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def agree(self) -> bool:
        """Whether every target ran and did the same."""
        return not self.differences and not self.refused

    def agrees(self, target: str) -> bool:
        """Whether `target` did."""
        return target in self.runs and all(d.target != target for d in self.differences)

    def as_json(self) -> dict[str, Any]:
        """As `verify --json` writes it."""
        return {
            "pipeline": self.pipeline,
            "agree": self.agree,
            "runs": {target: outcome.as_json() for target, outcome in self.runs.items()},
            "differences": [difference.as_json() for difference in self.differences],
        }


def verify(
    selected: Selected, pipeline: Pipeline, targets: Sequence[str], params: Mapping[str, Any], workspace: Workspace,
    on_event: Callable[[str, Event], None] = lambda target, event: None, cache: Path | None = None,
) -> Verification:  # fmt: skip
    """Run plain Python and each target in turn, and compare. `UsageError` where an orchestrator is missing."""
    made = Verification(pipeline.name)
    workers = [Worker(target) for target in (backends.REFERENCE, *targets)]
    done: dict[str, Done] = {}
    with throwaway() as folder:
        for worker in workers:
            name = worker.target
            place = cache / name if cache else None
            with worker:
                found = run(
                    selected, pipeline, worker, params, folder / name, workspace,
                    lambda event, name=name: on_event(name, event), place,  # type: ignore[misc]
                )  # fmt: skip
            if found is None:
                made.refused.append(name)
                if name == backends.REFERENCE:
                    break
                continue
            done[name] = found
            made.runs[name] = found[0]
        if backends.REFERENCE in done:
            made.differences = differences(selected, pipeline, done)
    return made


def differences(selected: Selected, pipeline: Pipeline, done: Mapping[str, Done]) -> list[Difference]:
    """What the targets in `done` did otherwise than plain Python, which is among them."""
    reference, _ = done[backends.REFERENCE]
    found: list[Difference] = []
    same_status: dict[str, Done] = {}
    for target, (outcome, file) in done.items():
        if target == backends.REFERENCE:
            continue
        if outcome.status != reference.status:
            found.append(Difference(target, "status", "", _status(reference), _status(outcome)))
        else:
            same_status[target] = (outcome, file)
    if reference.status == "succeeded":
        results = _results(selected, pipeline, done[backends.REFERENCE][1], {t: f for t, (_, f) in same_status.items()})
        found += [
            Difference(target, "result", path, expected, actual)
            for target, places in results.items()
            for path, expected, actual in places
        ]
    lowered = passes.run(pipeline, Report())
    for target, (outcome, _) in same_status.items():
        found += _steps(lowered, reference, outcome, target)
    return sorted(found, key=lambda d: list(done).index(d.target))


def _status(outcome: Outcome) -> str:
    last = (outcome.error or "").strip().splitlines()
    return outcome.status + (f" ({last[-1].strip()})" if outcome.status == "failed" and last else "")


def _results(
    selected: Selected, pipeline: Pipeline, reference: Path, others: Mapping[str, Path]
) -> dict[str, list[tuple[str, str, str]]]:
    """Target -> places where its result differs, found in a process that has the user's classes."""
    others = {t: file for t, file in others.items() if file.read_bytes() != reference.read_bytes()}
    if not others:
        return {}
    root = selected.project.root
    names = {
        name: (definition.module, original)
        for definition in pipeline.definitions
        for name, original in zip(definition.names, definition.original_names or definition.names)
    }
    with throwaway() as folder:
        answer = folder / "answer.json"
        request = {
            "root": str(root), "file": str(root / pipeline.file), "names": names, "reference": str(reference),
            "paths": [str((root / p).resolve()) for p in selected.project.site.paths],
            "others": {target: str(file) for target, file in others.items()}, "answer": str(answer),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "pipec.backends.python.agreement"],
            input=json.dumps(request), capture_output=True, text=True, cwd=folder, env=environment(),
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"comparing the results failed:\n{done.stderr}")
        found: dict[str, list[tuple[str, str, str]]] = json.loads(answer.read_text(encoding="utf-8"))
        return found


def _steps(lowered: Pipeline, reference: Outcome, outcome: Outcome, target: str) -> Iterator[Difference]:
    """Calls that ran on one side only, or took another number of attempts."""
    theirs = {entry.key: entry for entry in outcome.steps}
    ours: Sequence[Entry] = reference.steps
    if reference.status == "failed" or reference.caught:
        ours = Dependence.of(lowered).comparable(ours, reference.status == "failed", reference.caught)
    if reference.status != "failed" and not reference.caught:
        keys = {entry.key for entry in ours}
        for entry in outcome.steps:
            if entry.key not in keys and entry.executed:
                yield Difference(target, "step", entry.label, "no such call", _told(entry))
    overtaken = _overtaken(reference, theirs)
    shared = set[tuple[str, Index]]()
    for task in together(reference, outcome):
        shared |= {entry.key for entry in task.ours}
        found = task.difference({entry.key for entry in ours})
        if found is not None and not (overtaken and not any(entry.executed for entry in task.theirs)):
            yield Difference(target, "step", task.label, *found)
    for entry in ours:
        if entry.key in shared:
            continue
        other = theirs.get(entry.key)
        if overtaken and (other is None or not other.executed):
            continue
        if other is None:
            if entry.executed:
                yield Difference(target, "step", entry.label, _told(entry), "not executed")
        elif not _same(entry, other):
            yield Difference(target, "step", entry.label, _told(entry), _told(other))


def _overtaken(reference: Outcome, theirs: Mapping[tuple[str, Index], Entry]) -> bool:
    """Whether another iteration of the call that failed in plain Python failed first, and ended the run."""
    if reference.status != "failed":
        return False
    failed = {entry.task for entry in theirs.values() if entry.status == "failed"}
    executed = {key for key, entry in theirs.items() if entry.executed}
    return any(e.status == "failed" and e.task in failed and e.key not in executed for e in reference.steps)


def _same(a: Entry, b: Entry) -> bool:
    if "cached" in (a.status, b.status):
        return a.executed == b.executed and "failed" not in (a.status, b.status)
    return (a.status, a.attempts) == (b.status, b.attempts)


def _told(entry: Entry) -> str:
    if not entry.executed:
        return "not executed"
    return f"{entry.status} after {entry.attempts} attempt{'' if entry.attempts == 1 else 's'}"
