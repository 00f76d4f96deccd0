"""One module on plain Python and on the targets: agreed, refused, or disagreed."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipec import api
from pipec.api import building, running, verifying, workers
from pipec.compiler import passes
from pipec.compiler.diagnostics import Finding, Report
from pipec.ir import Pipeline
from tests.support import warm

REFERENCE = "python"
Status = Literal["agreed", "refused", "disagreed"]
PATIENCE = 180.0
"""Seconds after which a run counts as hanging."""


@dataclass(frozen=True)
class Verdict:
    """What one target made of a module."""

    status: Status
    kind: str = ""
    """What disagrees ("status", "result", "step", "fault", "crash: ..."), or the codes of the findings that refuse."""
    words: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass
class Judge:
    """The warm processes of a campaign."""

    targets: Sequence[str]
    folder: Path
    """Under which every run has a folder of its own, gone afterwards."""
    patience: float = PATIENCE
    lent: Mapping[str, workers.Worker] = field(default_factory=dict)
    """Processes of somebody else, who stops them."""
    _workers: dict[str, workers.Worker] = field(default_factory=dict)
    _count: int = 0

    def judge(self, source: str, targets: Sequence[str] | None = None, build_only: bool = False) -> dict[str, Verdict]:
        """Target -> verdict; `{"python": ...}` alone where the module itself is refused.

        `build_only`: run nothing, which is enough to see a fault of the compiler.
        """
        self._count += 1
        with self._folder(f"m{self._count}") as folder:
            file = folder / "source" / "fuzzed.py"
            file.parent.mkdir()
            (file.parent / "pyproject.toml").write_text("", encoding="utf-8")
            file.write_text(source, encoding="utf-8")
            return self._judge(file, folder, targets or self.targets, build_only)

    def _judge(self, file: Path, folder: Path, targets: Sequence[str], build_only: bool) -> dict[str, Verdict]:
        workspace = api.Workspace()
        try:
            found = api.read_one(f"{file}:main", workspace)
        except Exception:  # a fault of pipec is a result here
            return {REFERENCE: _crash()}
        if found is None:
            return {REFERENCE: _refused([s.finding for s in workspace.shown()])}
        if build_only:
            return {target: _built(*found, target, workspace) for target in targets}
        reference = self._run(*found, REFERENCE, folder)
        if isinstance(reference, Verdict):
            return {REFERENCE: reference}
        return {target: self._compared(*found, target, folder, reference) for target in targets}

    def _compared(
        self, selected: api.Selected, pipeline: Pipeline, target: str, folder: Path, reference: verifying.Done
    ) -> Verdict:
        start = time.monotonic()
        done = self._run(selected, pipeline, target, folder)
        seconds = time.monotonic() - start
        if isinstance(done, Verdict):
            return done
        differences = verifying.differences(selected, pipeline, {REFERENCE: reference, target: done})
        if differences:
            words = (*(d.text for d in differences), done[0].error or reference[0].error or "")
            return Verdict("disagreed", differences[0].kind, words, seconds)
        return Verdict("agreed", reference[0].status, seconds=seconds)

    def _run(self, selected: api.Selected, pipeline: Pipeline, target: str, folder: Path) -> verifying.Done | Verdict:
        params: dict[str, Any] = {}
        if any(p.name == "folder" for p in pipeline.parameters):
            params["folder"] = str(folder / f"{target}-own")
            (folder / f"{target}-own").mkdir()
        worker = self.lent.get(target) or self._workers.setdefault(target, warm.worker(target))
        workspace = api.Workspace()
        own = api.Selected(workspace.project(selected.project.root), selected.file, selected.pipelines, selected.whole)
        watchdog = threading.Timer(self.patience, worker.kill)
        watchdog.start()
        try:
            done = running.run(own, pipeline, worker, params, folder / target, workspace)
        except Exception:  # as above
            return _crash()
        finally:
            watchdog.cancel()
        if done is None:
            return _refused([s.finding for s in workspace.shown()])
        if done[0].fault:
            return Verdict("disagreed", "fault", (done[0].error or "",))
        return done

    @contextmanager
    def _folder(self, name: str) -> Iterator[Path]:
        folder = self.folder / name
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            workers.remove(folder)

    def close(self) -> None:
        """Stop the processes."""
        for worker in self._workers.values():
            worker.stop()


def _built(selected: api.Selected, pipeline: Pipeline, target: str, workspace: api.Workspace) -> Verdict:
    try:
        building.build_one(passes.run(pipeline, Report()), target, selected.project, workspace)
    except Exception:  # as above
        return _crash()
    return Verdict("agreed")


def _refused(findings: Sequence[Finding]) -> Verdict:
    errors = [f for f in findings if f.severity == "error"]
    return Verdict(
        "refused",
        " ".join(sorted({f.code for f in errors})),
        tuple(f"{f.code} line {f.span.line}: {f.message}" for f in errors),
    )


def _crash() -> Verdict:
    """A fault of pipec: what it raised tells one from another."""
    text = traceback.format_exc()
    return Verdict("disagreed", f"crash: {text.strip().splitlines()[-1].split(':')[0]}", (text,))
