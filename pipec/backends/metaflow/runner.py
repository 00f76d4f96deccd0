"""Runs a built flow with `python flow.py run`; see `pipec.compiler.backend.worker`."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Literal

from pipec.backends.metaflow.loading import save_result
from pipec.backends.metaflow.looking import look_often
from pipec.backends.metaflow.lower import Lowered, lower
from pipec.backends.metaflow.parameters import argument
from pipec.backends.metaflow.store import Store, TaskRecord
from pipec.compiler.backend.protocol import DoneEvent, LogEvent, LoopEvent, RunRequest, StepEvent
from pipec.compiler.backend.worker import Emit, serve
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import ForEach, Pipeline, Wait
from pipec.ir.graph import blocks, tasks, walk
from pipec.ir.literals import value_of

LINE = re.compile(r"\S+ \S+ (?:\[\d+/(?P<step>\w+)/(?P<task>\d+) \(pid \d+\)\] )?(?P<text>.*)\Z", re.DOTALL)
NEWS = re.compile(
    r"Task (?:is starting( \(.*\))?|finished successfully|failed|finished with errors)\.?\Z"
    r"|Foreach yields \d+ child steps\.\Z"
)
UNDERLINE = re.compile(r"[\s~^]+\Z")
STARTED = re.compile(r"Workflow starting \(run-id (\d+)\)")


@dataclass
class Watch:
    """What is known of a run while it goes on."""

    lowered: Lowered
    emit: Emit
    store: Store
    loops: dict[str, int]
    """Task -> how many loops are around it."""
    most: dict[str, int]
    """Task -> how many attempts it has."""
    output: dict[str, list[str]] = field(default_factory=dict)
    """Step and task -> its lines."""
    frames: dict[str, int] = field(default_factory=dict)
    """Step and task -> how far its output is in a frame of Metaflow's own."""

    def line(self, text: str) -> None:
        """One line of Metaflow's output."""
        found = LINE.match(text)
        if found is None or found["step"] is None:
            said = found["text"] if found else text
            if started := STARTED.match(said):
                self.store.run = started[1]
            self.emit(LogEvent(text=said))
            return
        step, task, said = found["step"], found["task"], found["text"]
        ir_task = self.lowered.tasks.get(step, "")
        if NEWS.match(said):
            self._news(step, task, said)
            return
        self.output.setdefault(f"{step}/{task}", []).append(said)
        if not self._is_noise(f"{step}/{task}", said):
            self.emit(LogEvent(text=said, task=ir_task))

    def _is_noise(self, task: str, said: str) -> bool:
        """Whether a line belongs to a frame of Metaflow's own in a traceback: place, code, or what underlines it."""
        if any(said.startswith(f'File "{place}') for place in metaflow_places()):
            self.frames[task] = 1
            return True
        left = self.frames.pop(task, 0)
        if left == 1 and not said.startswith('File "'):
            self.frames[task] = 2
            return True
        return left == 2 and bool(UNDERLINE.match(said))

    def _news(self, step: str, id_: str, said: str) -> None:
        """Something has happened to a task; what it was, the datastore says."""
        ir_task = self.lowered.tasks.get(step)
        if ir_task is None:
            return
        record = self.store.task(step, id_)
        if record is not None and record.done and self.store.succeeded(record):
            self.emit(self.event(record))
        elif said.startswith("Task is starting") and not self.loops.get(ir_task):
            attempts = record.attempts if record is not None else 1
            self.emit(StepEvent(task=ir_task, status="running", attempts=attempts))

    def event(self, record: TaskRecord) -> StepEvent:
        """The state of a task of a step of the user's."""
        status: Literal["succeeded", "failed", "cached"] = "succeeded" if self._well(record) else "failed"
        if status == "succeeded" and record.step in self.lowered.cached and self.store.artifact(record, "reused_from"):
            status = "cached"
        task = self.lowered.tasks[record.step]
        attempts = min(record.attempts, self.most[task])  # @catch has further ones where a process was killed
        return StepEvent(task=task, index=self.index(record), status=status, attempts=attempts)

    def _well(self, record: TaskRecord) -> bool:
        """Whether the user's step ended well: one whose failure is caught leaves the message."""
        message = self.lowered.caught.get(record.step)
        return self.store.succeeded(record) and (message is None or self.store.artifact(record, message) is None)

    def index(self, record: TaskRecord) -> tuple[int, ...]:
        """The loop indices; those of a task that was killed, the order of the tasks tells."""
        depth = self.loops.get(self.lowered.tasks.get(record.step, ""), 0)
        if record.done or depth == 0:
            return self.store.index(record)
        same = [r for r in self.store.tasks() if r.step == record.step]
        known = {self.store.index(r) for r in same if r.done}
        place = same.index(record)
        if depth == 1:
            return (place,)
        outer = [i[:-1] for i in sorted(known)] or [(0,) * (depth - 1)]
        return (*outer[-1], place)

    def finish(self) -> list[TaskRecord]:
        """Tell the last state of all; the tasks that failed."""
        failed = []
        for record in self.store.tasks():
            splits = self.store.artifact(record, "_foreach_num_splits")
            if record.step in self.lowered.loops and splits is not None:
                loop = self.lowered.loops[record.step]
                self.emit(LoopEvent(loop=loop, index=self.store.index(record), count=splits))
            if record.step in self.lowered.empty and record.done:
                self.emit(LoopEvent(loop=self.lowered.empty[record.step], index=self.store.index(record), count=0))
            if record.step in self.lowered.tasks:
                self.emit(self.event(record))
            if not self.store.succeeded(record):
                failed.append(record)
        return failed


def run(request: RunRequest, emit: Emit) -> DoneEvent:
    """One run; the events tell how it goes."""
    pipeline = Pipeline.model_validate_json(Path(request.pipeline).read_text(encoding="utf-8"))
    workdir = Path(request.workdir)
    lowered = lower(pipeline, Site(versions=request.versions), Report())
    root = folder(Path(request.cache, "metaflow") if request.cache else workdir / "store")
    watch = Watch(lowered, emit, Store(root, lowered.flow.name, ""), _depths(pipeline), _attempts(pipeline))
    if any(isinstance(node, Wait) for node in walk(pipeline.body)):
        file = Path(request.bundle, request.main)
        file.write_text(look_often(file.read_text(encoding="utf-8"), lowered.flow.name), encoding="utf-8")
    status, words = _execute(request, pipeline, watch, root)
    failed = watch.finish()
    if status != 0:
        return DoneEvent(status="failed", error=_error(watch, failed, words), fault=not watch.store.run)
    end = next(r for r in reversed(watch.store.tasks()) if r.step == "end")
    problem = save_result(watch.store, end, lowered, pipeline, request)
    if problem:
        return DoneEvent(status="failed", error=problem, fault=True)
    return DoneEvent(status="succeeded")


def folder(path: Path) -> Path:
    """`path`, made."""
    path.mkdir(parents=True, exist_ok=True)
    return path


def _depths(pipeline: Pipeline) -> dict[str, int]:
    found: dict[str, int] = {}

    def visit(block: object, depth: int) -> None:
        for node in getattr(block, "nodes", ()):
            found[node.id] = depth
            for inner in blocks(node):
                visit(inner, depth + isinstance(node, ForEach))

    visit(pipeline.body, 0)
    return found


def _attempts(pipeline: Pipeline) -> dict[str, int]:
    return {t.id: 1 + (t.policy.retry.limit if t.policy.retry else 0) for t in tasks(pipeline)}


def environment(workdir: Path, root: Path) -> dict[str, str]:
    """Metaflow's environment: nothing of the user's home or configuration."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("METAFLOW") and k not in ("PYTHONPATH", "USERNAME")}
    return {
        **own,
        "HOME": str(folder(workdir / "home")),
        "TMPDIR": str(folder(workdir / "tmp")),
        "METAFLOW_HOME": str(folder(workdir / "home" / "metaflow")),
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(root),
        "METAFLOW_USER": "pipec",
        "PYTHONUNBUFFERED": "1",
    }


def _execute(request: RunRequest, pipeline: Pipeline, watch: Watch, root: Path) -> tuple[int, str]:
    """Run the flow; exit status, and what Metaflow itself said on standard error."""
    given = value_of(request.params)
    assert isinstance(given, dict)
    workdir = Path(request.workdir)
    workers = pipeline.policy.max_parallel or 2 * (os.cpu_count() or 2)
    command = [
        sys.executable, "-u", str(Path(request.bundle, request.main)), "--no-pylint", "--quiet", "run",
        "--max-workers", str(workers), "--max-num-splits", "1000000",
        *(argument(p, given[p.name]) for p in pipeline.parameters if p.name in given),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder(workdir / "start"), env=environment(workdir, root), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    words: list[str] = []
    assert process.stdout is not None and process.stderr is not None
    listener = threading.Thread(target=_collect, args=(process.stderr, words))
    listener.start()
    for line in process.stdout:
        watch.line(line.rstrip("\n"))
    listener.join()
    return process.wait(), "\n".join(words).strip()


def _collect(stream: IO[str], lines: list[str]) -> None:
    lines += (line.rstrip() for line in stream)


def _error(watch: Watch, failed: list[TaskRecord], words: str) -> str:
    """The failing step's own traceback, and Metaflow's word."""
    said = []
    for record in failed[:1]:
        wrapper = watch.store.artifact(record, "_exception")
        text = getattr(wrapper, "stacktrace", None) or "\n".join(watch.output.get(f"{record.step}/{record.id}", []))
        said.append(own_frames(text))
    word = re.sub(r"\n\s+", "\n", words)
    return "\n\n".join([*said, f"Metaflow: {word}"])


@cache
def metaflow_places() -> tuple[str, ...]:
    """Where Metaflow is installed."""
    found = importlib.util.find_spec("metaflow")
    return tuple(found.submodule_search_locations or ()) if found else ()


def own_frames(text: str) -> str:
    """A traceback without the frames of Metaflow's own files."""
    lines, kept, skipping = text.rstrip().splitlines(), [], False
    for line in lines:
        if line.lstrip().startswith('File "'):
            skipping = any(f'File "{place}' in line for place in metaflow_places())
        elif not line.startswith("    "):
            skipping = False
        if not skipping:
            kept.append(line)
    return "\n".join(kept)


if __name__ == "__main__":
    serve(run)
