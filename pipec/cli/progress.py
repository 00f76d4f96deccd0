"""Progress of runs on standard error: one line per change, in colour and with a spinner where a person watches."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

import click

from pipec.compiler.backend.protocol import DoneEvent, Event, LogEvent, StepEvent
from pipec.ir import Pipeline
from pipec.ir.features import uses_of
from pipec.ir.graph import tasks

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

_TONES = {"succeeded": "green", "failed": "red", "cached": "cyan", "skipped": "bright_black", "running": "blue"}
_NOT_HERE = {
    "cpu": "resources", "cpu_limit": "resources", "memory": "resources", "memory_limit": "resources",
    "disk": "resources", "shm": "resources", "gpu": "resources", "image": "images", "packages": "packages",
    "python": "Python versions", "secrets": "secrets", "node_selector": "placement", "tolerations": "placement",
    "labels": "placement", "annotations": "placement", "service_account": "placement", "queue": "placement",
    "priority": "placement", "on_failure": "hooks", "pipeline.on_failure": "hooks", "pipeline.on_success": "hooks",
}  # fmt: skip
"""Settings of the cluster that a local run leaves aside, by what they are called."""


def local_note(pipeline: Pipeline) -> str:
    """What of the pipeline's settings does not apply to a run here; "" where all do."""
    used = {use.feature for use in uses_of(pipeline)}
    told = {task.policy.deadline.tell for task in tasks(pipeline) if task.policy.deadline is not None} - {None}
    aside = list(dict.fromkeys(word for feature, word in _NOT_HERE.items() if feature in used))
    aside += ["hooks"] if told and "hooks" not in aside else []
    parts = [f"{', '.join(aside)} of the cluster do not apply"] if aside else []
    if "retries.delay" in used or "retries.backoff" in used:
        parts.append("delays between retries are shortened")
    return f"in a run here, {'; '.join(parts)}" if parts else ""


@contextlib.contextmanager
def on_signals() -> Iterator[None]:
    """A request to end counts as an interrupt, so that everything is cleaned up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Progress:
    """Shows the events of runs. A context manager."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._labels = {t.id: ".".join((*t.site.group, t.site.step)) for t in tasks(pipeline)}
        self._running: dict[tuple[str, str, tuple[int, ...]], str] = {}
        self._told: dict[tuple[str, str, tuple[int, ...]], tuple[str, int]] = {}
        self._status: Status | None = None
        self._console: Console | None = None
        self._target = ""

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False)
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def of(self, target: str) -> Callable[[Event], None]:
        """A listener for the run on one target."""
        return lambda event: self.event(target, event)

    def note(self, text: str) -> None:
        """Say something about the run as a whole."""
        self._line(click.style(f"note: {text}", fg="bright_black"))

    def event(self, target: str, event: Event) -> None:
        """Show one event."""
        if target != self._target:
            self._target = target
            self._line(click.style(f"== {target}", bold=True))
        match event:
            case StepEvent():
                self._step(target, event)
            case LogEvent():
                label = self._labels.get(event.task, "")
                self._line(click.style(f"  {label + ' ' if label else ''}| ", fg="bright_black") + event.text)
            case DoneEvent():
                self._running.clear()
        if self._status is not None:
            self._status.update(f"{target}: {', '.join(self._running.values()) or '...'}")

    def _step(self, target: str, event: StepEvent) -> None:
        name = self._labels.get(event.task, event.task) + "".join(f"[{i}]" for i in event.index)
        key = (target, event.task, event.index)
        if event.status == "running":
            self._running[key] = name
            if event.attempts <= 1:
                return  # its end is told
        else:
            self._running.pop(key, None)
        if self._told.get(key) == (event.status, event.attempts):
            return
        self._told[key] = (event.status, event.attempts)
        many = f" (attempt {event.attempts})" if event.attempts > 1 else ""
        self._line(f"  {name} " + click.style(event.status, fg=_TONES[event.status]) + many)

    def _line(self, text: str) -> None:
        if self._console is None:
            click.echo(text, err=True)
            return
        from rich.text import Text  # so that the line goes above the spinner

        self._console.print(Text.from_ansi(text), soft_wrap=True)
