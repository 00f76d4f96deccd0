"""Runner processes: one per target, in an environment free of the user's orchestrators, always cleaned up."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pipec
from pipec import backends
from pipec.api.sources import UsageError
from pipec.compiler.backend.protocol import DoneEvent, Event, LogEvent, RunRequest, parse_event
from pipec.compiler.backend.worker import EVENTS_FD

OnEvent = Callable[[Event], None]

_PATIENCE = 10.0
"""Seconds that a worker gets to end by itself."""


def runner_of(target: str) -> str:
    """The runner module of `target`; `UsageError` where its orchestrator is not installed."""
    if target == backends.REFERENCE:
        return backends.REFERENCE_RUNNER
    backend = backends.get(target)
    package = backends.PACKAGES.get(target)
    if package is not None and importlib.util.find_spec(package) is None:
        raise UsageError(f"running on {target} needs {package}: pip install '{backend.requirement}'")
    return backend.runner


@contextlib.contextmanager
def throwaway() -> Iterator[Path]:
    """A temporary folder that is gone afterwards, whatever was put there."""
    folder = Path(tempfile.mkdtemp(prefix="pipec-")).resolve()
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove `folder`, also where a step has made something in it read-only."""
    for _ in range(3):  # a process that was just killed may still have been writing
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        for current, folders, _files in os.walk(folder):
            for name in (".", *folders):
                with contextlib.suppress(OSError):
                    os.chmod(Path(current) / name, stat.S_IRWXU)


class _Lines:
    """The lines that arrive at a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = b""
        self.open = True

    def read(self) -> list[str]:
        """What has arrived; waits if nothing has. A last line without an end comes when the other side closes."""
        data = os.read(self.descriptor, 65536)
        if not data:
            self.open = False
            lines, self._rest = ([self._rest] if self._rest else []), b""
        else:
            *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in lines]


class Worker:
    """A runner process of one target: started once, asked many times, stopped. A context manager."""

    def __init__(self, target: str) -> None:
        """Starts nothing yet; the first request does. `UsageError` where the orchestrator is missing."""
        self.target = target
        self.module = runner_of(target)
        self.python = sys.executable
        """The interpreter of the environment that has the orchestrator."""
        self._process: subprocess.Popen[bytes] | None = None
        self._events: _Lines | None = None
        self._output: list[_Lines] = []
        self._home: Path | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.kill()
        self.stop()

    def run(self, request: RunRequest, on_event: OnEvent = lambda event: None) -> DoneEvent:
        """One run. Events and output go to `on_event` as they arrive; an interrupt kills all that was started."""
        try:
            return self._run(request, on_event)
        except BaseException:
            self.kill()
            self.stop()
            raise

    def _run(self, request: RunRequest, on_event: OnEvent) -> DoneEvent:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._start()
        assert self._process is not None and self._process.stdin is not None and self._events is not None
        said: deque[str] = deque(maxlen=60)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(request.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()
        for line in self._arriving(on_event, said):
            event = parse_event(json.loads(line))
            if isinstance(event, DoneEvent):
                self._drain(on_event, said)
                return event
            on_event(event)
        status = self._process.wait()
        self.stop()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        error = "\n".join([f"the runner process of {self.target} {how}", *said])
        return DoneEvent(status="failed", error=error, fault=True)

    def _arriving(self, on_event: OnEvent, said: deque[str]) -> Iterator[str]:
        """The lines of the event pipe until it closes; output is passed on meanwhile."""
        assert self._events is not None
        with selectors.DefaultSelector() as selector:
            for lines in (self._events, *self._output):
                selector.register(lines.descriptor, selectors.EVENT_READ, lines)
            while self._events.open:
                for key, _ in selector.select():
                    lines = key.data
                    for line in lines.read():
                        if lines is self._events:
                            yield line
                        else:
                            _say(line, on_event, said)
                    if not lines.open:
                        selector.unregister(lines.descriptor)
        self._drain(on_event, said)

    def _drain(self, on_event: OnEvent, said: deque[str]) -> None:
        """Pass on the output that has arrived; a runner flushes before it answers."""
        with selectors.DefaultSelector() as selector:
            for lines in self._output:
                if lines.open:
                    selector.register(lines.descriptor, selectors.EVENT_READ, lines)
            while selector.get_map() and (ready := selector.select(timeout=0)):
                for key, _ in ready:
                    for line in key.data.read():
                        _say(line, on_event, said)
                    if not key.data.open:
                        selector.unregister(key.fd)

    def _start(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="pipec-worker-")).resolve()
        read, write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [self.python, "-m", self.module],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[write],
                cwd=self._home, env=environment(write), start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(write)
        assert self._process.stdout is not None and self._process.stderr is not None
        self._events = _Lines(read)
        self._output = [_Lines(self._process.stdout.fileno()), _Lines(self._process.stderr.fileno())]

    def kill(self) -> None:
        """End the process and everything that it has started, at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the process, if it runs; a later request starts a new one."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None and process.stdout is not None and process.stderr is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # what it has left behind, or the process itself
            process.wait()
            process.stdout.close()
            process.stderr.close()
        if self._events is not None:
            os.close(self._events.descriptor)
            self._events = None
        if self._home is not None:
            remove(self._home)
            self._home = None


def _say(line: str, on_event: OnEvent, said: deque[str]) -> None:
    said.append(line)
    on_event(LogEvent(text=line))


def environment(events: int | None = None) -> dict[str, str]:
    """The user's environment without the orchestrators' own variables, and with pipec on the import path."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(backends.ENVIRONMENT)}
    # the process starts in a folder of its own, so what is relative to the current one has to be spelt out
    paths = [os.path.abspath(p) for p in clean.get("PYTHONPATH", "").split(os.pathsep) if p]
    home = str(Path(pipec.__file__).resolve().parent.parent)
    if Path(home).name not in ("site-packages", "dist-packages") and home not in paths:
        paths.append(home)
    if paths:
        clean["PYTHONPATH"] = os.pathsep.join(paths)
    clean |= {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    if events is not None:
        clean[EVENTS_FD] = str(events)
    return clean
