"""`python -m pipec.backends.airflow.runner`: runs DAG files with `dag.test()`, each request in a process of its own.

Importing Airflow and migrating its database take ten seconds, so that both are done once, before the first request;
a request then runs in a fork with a copy of the database, in which nothing of it can leak into the next.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path

from pipec.compiler.backend.protocol import DoneEvent, Event, RunRequest, StepEvent, parse_event
from pipec.compiler.backend.worker import Emit, serve

_HOME: list[Path] = []


def run(request: RunRequest, emit: Emit) -> DoneEvent:
    """One run; the events tell how it goes."""
    home = _prepared()
    read, write = os.pipe()
    gone, here = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.close(here)
        _serve_one(request, home, write, gone)
    os.close(write)
    os.close(gone)
    done: DoneEvent | None = None
    running: dict[tuple[str, tuple[int, ...]], StepEvent] = {}
    try:
        with os.fdopen(read, encoding="utf-8") as events:
            for line in events:
                event = parse_event(json.loads(line))
                if isinstance(event, DoneEvent):
                    done = event
                    break
                if isinstance(event, StepEvent):
                    running[event.task, event.index] = event
                emit(event)
        status = os.waitpid(child, 0)[1]
    except BaseException:
        _end(child)
        os.waitpid(child, 0)
        raise
    finally:
        _end(child)  # what a step has started, and left behind
        os.close(here)
    if done is not None:
        return done
    for event in running.values():
        if event.status == "running":
            emit(event.model_copy(update={"status": "failed"}))
    return DoneEvent(
        status="failed", error=f"a step ended the process of Airflow (status {os.waitstatus_to_exitcode(status)})"
    )


def _end(child: int) -> None:
    """End the process of a run, and everything that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def _end_with(gone: int) -> None:
    """End this run when the other end of a pipe is closed: its session is not the one of the runner, which has died."""
    os.read(gone, 1)
    _end(os.getpid())


def _serve_one(request: RunRequest, home: Path, write: int, gone: int) -> None:
    """The child: one run, then the end of the process whatever happens."""
    os.setsid()
    threading.Thread(target=_end_with, args=(gone,), daemon=True).start()

    def emit(event: Event) -> None:
        os.write(write, (event.model_dump_json() + "\n").encode())

    try:
        from pipec.backends.airflow.local import execute

        done = execute(request, home, emit)
    except BaseException:  # Airflow may raise SystemExit or worse; the answer is owed all the same
        done = DoneEvent(status="failed", error=traceback.format_exc(), fault=True)
    try:
        emit(done)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0)


def _prepared() -> Path:
    """A home with a migrated database, and Airflow imported; made at the first request."""
    if _HOME:
        return _HOME[0]
    home = Path(tempfile.mkdtemp(prefix="airflow-"))
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(home, ignore_errors=True) if os.getpid() == owner else None)
    for name in [n for n in os.environ if n.startswith(("AIRFLOW_", "_AIRFLOW_"))]:
        del os.environ[name]
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_FOLDER=str(home / "dags"),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home / 'template.db'}",
        AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
        AIRFLOW__LOGGING__COLORED_CONSOLE_LOG="False",
        AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
        SCARF_ANALYTICS="false",
    )
    from pipec.backends.airflow.local import preload, warm

    preload()
    child = os.fork()
    if child == 0:
        _migrate(home)
    status = os.waitpid(child, 0)[1]
    if status or not (home / "template.db").exists():
        raise RuntimeError(f"airflow db migrate failed:\n{(home / 'migrate.log').read_text(errors='replace')[-4000:]}")
    kept = dict(os.environ)
    warm(home)
    os.environ.clear()
    os.environ.update(kept)
    _HOME.append(home)
    return home


def _migrate(home: Path) -> None:
    code = 1
    try:
        with open(home / "migrate.log", "w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        from airflow import settings
        from airflow.utils.db import initdb

        settings.configure_vars()
        settings.configure_orm()
        initdb()
        settings.dispose_orm()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(run)
