"""kfp.local, watched: its own orchestrator runs the pipeline, and tells about steps, attempts, loops and output.

What is replaced are the places where kfp.local 2.x is wrong for a process that serves many runs: it redirects `print`
and logging for the whole process, replaces "python3" in the arguments of steps, and sleeps between attempts.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kfp.local import logging_utils, placeholder_utils, status, subprocess_task_handler, task_dispatcher
from kfp.local.orchestrator import dag_orchestrator, enhanced_dag_orchestrator, orchestrator_utils, task_executor

from pipec.backends.kfp.program import without_installation
from pipec.compiler.backend.protocol import Event, LogEvent, LoopEvent, StepEvent

COLOUR = re.compile(r"\x1b\[\d+m")
ITERATION = re.compile(r"-iteration-(\d+)(?:/|\Z)")
FLAG = re.compile(r"inputs\.parameter_values\['pipelinechannel--(condition-[^']+)'\] == 'true'")


@dataclass
class Run:
    """The state of the run that is under way."""

    emit: Callable[[Event], None]
    workdir: Path
    tasks: dict[str, str]
    """KFP task -> IR task."""
    loops: dict[str, str]
    """KFP task, or flag of a guard -> IR loop."""
    timeouts: dict[str, float]
    """IR task -> seconds for one attempt."""
    environment: dict[str, str]
    told: frozenset[str] = frozenset()
    """KFP tasks that would tell somebody of a failure; nobody is told of a run here."""
    placeholders: dict[str, str] = field(default_factory=dict)
    """What the server would put into constants."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """KFP task and the end of its output, for each task that has failed for good."""
    warnings: list[str] = field(default_factory=list)


@dataclass
class Here(threading.local):
    """What the current thread is doing."""

    resource: str = ""
    """kfp.local's name of the DAG; iterations are a part of it."""
    task: str = ""
    attempts: int = 0
    tail: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def index(self) -> tuple[int, ...]:
        """Indices of the loops around."""
        return tuple(int(i) for i in ITERATION.findall(self.resource))


here = Here()
_current: list[Run] = []


def current() -> Run:
    """The run that is under way."""
    return _current[-1]


@contextlib.contextmanager
def watching(run: Run) -> Iterator[None]:
    """Send the events of what kfp.local does meanwhile to `run`."""
    _current.append(run)
    handler = _Warnings(logging.WARNING)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        _current.pop()


class _Warnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        text = COLOUR.sub("", record.getMessage())
        here.warnings.append(text)
        current().warnings.append(text)
        current().emit(LogEvent(text=f"kfp.local: {text}"))


# --- tasks

_execute = task_executor.execute_single_task
_dispatch = task_dispatcher.run_single_task_implementation
_run_dag = enhanced_dag_orchestrator.run_enhanced_dag
_run_loop = enhanced_dag_orchestrator._run_parallel_for_task
_evaluate = enhanced_dag_orchestrator.ConditionEvaluator.evaluate_condition


def _execute_single_task(**kwargs: Any) -> Any:
    name = kwargs["task_name"]
    here.resource, here.task, here.attempts, here.tail = kwargs["pipeline_resource_name"], name, 0, []
    if name in current().told:
        return {}, status.Status.SUCCESS
    step = current().tasks.get(name, "")
    try:
        outputs, ended = _execute(**kwargs)
    except BaseException as error:
        current().failures.append((name, f"{''.join(here.tail)}\n{type(error).__name__}: {error}"))
        _tell(step, "failed")
        raise
    good = ended == status.Status.SUCCESS
    if not good:
        current().failures.append((name, "".join(here.tail)))
    caught = good and outputs.get("error", "null") != "null"  # a step in a `try` hands out its message
    _tell(step, "failed" if not good or caught else "succeeded" if here.attempts else "cached")
    return outputs, ended


def _tell(step: str, state: Any) -> None:
    if step:
        current().emit(StepEvent(task=step, index=here.index, status=state, attempts=here.attempts))


def _run_single_task_implementation(**kwargs: Any) -> Any:
    here.attempts += 1
    here.tail = []
    _tell(current().tasks.get(here.task, ""), "running")
    return _dispatch(**kwargs)


def _run_local_subprocess(full_command: list[str], env_vars: dict[str, str] | None = None) -> int:
    """Run one attempt; its output goes to the events, and it is ended when its time is over."""
    run, step, tail = current(), current().tasks.get(here.task, ""), here.tail
    output = Path(json.loads(full_command[-1])["outputs"]["outputFile"])
    output.unlink(missing_ok=True)  # of another call of the same component
    attempt = {"KFP_RETRY_INDEX": str(here.attempts - 1)}
    environment = {**run.environment, **(env_vars or {}), **attempt}
    process = subprocess.Popen(  # the pipeline that the user asked to run
        without_installation(full_command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, encoding="utf-8", errors="replace", env=environment, cwd=run.workdir,
        start_new_session=True,
    )  # fmt: skip
    limit = run.timeouts.get(step)
    watchdog = threading.Timer(limit, _end, (process, tail, limit)) if limit is not None else None
    if watchdog:
        watchdog.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line)
            del tail[:-400]
            run.emit(LogEvent(text=line.rstrip("\n"), task=step))
        code = process.wait()
        if code == 0 and not output.exists():
            tail.append("RuntimeError: the step ended its process before it handed out its results\n")
        return code or int(not output.exists())
    finally:
        if watchdog:
            watchdog.cancel()


def _end(process: subprocess.Popen[str], tail: list[str], limit: float) -> None:
    tail.append(f"TimeoutError: the attempt took longer than its time limit of {limit:g} seconds\n")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)


# --- DAGs, loops, conditions


def _run_enhanced_dag(**kwargs: Any) -> Any:
    outer = here.resource
    here.resource = kwargs["pipeline_resource_name"]
    try:
        return _run_dag(**kwargs)
    finally:
        here.resource = outer


def _run_parallel_for_task(**kwargs: Any) -> Any:
    here.resource = kwargs["pipeline_resource_name"]
    loop = current().loops.get(kwargs["task_name"], "")
    items = kwargs["task_spec"].parameter_iterator.items
    values = json.loads(items.raw) if items.raw else kwargs["io_store"].get_parent_input(items.input_parameter)
    if loop:
        current().emit(LoopEvent(loop=loop, index=here.index, count=len(values)))
    return _run_loop(**kwargs)


def _evaluate_condition(condition: str, io_store: Any) -> bool:
    here.warnings = []
    chosen = bool(_evaluate(condition, io_store))
    if here.warnings:  # what it cannot evaluate it takes as false, silently
        raise RuntimeError(f"kfp.local cannot evaluate {condition!r}: {here.warnings}")
    flag = FLAG.fullmatch(condition)
    loop = current().loops.get(flag[1], "") if flag else ""
    if loop and not chosen:
        current().emit(LoopEvent(loop=loop, index=here.index, count=0))
    return chosen


def _replace_placeholders(full_command: list[str], executor_input_dict: dict[str, Any], **_: Any) -> list[str]:
    """The one placeholder that compiled pipelines have; what looks like one in a value stays."""
    inputs = executor_input_dict.get("inputs", {}).get("parameterValues", {})
    for name, value in inputs.items():
        if isinstance(value, str) and value in current().placeholders:
            inputs[name] = current().placeholders[value]  # in a constant the server fills these in
    request = json.dumps(executor_input_dict)
    return [request if part == "{{$}}" else part for part in full_command]


_outputs = orchestrator_utils.OrchestratorUtils.get_dag_output_parameters


def _get_dag_output_parameters(dag_outputs_spec: Any, io_store: Any) -> dict[str, Any]:
    """What a DAG hands out. Of several tasks that have run, a server takes the first; kfp.local wants to have one."""
    spec = type(dag_outputs_spec)()
    spec.CopyFrom(dag_outputs_spec)
    for output in spec.parameters.values():
        selectors = output.value_from_oneof.parameter_selectors
        there = [s for s in selectors if _is_there(io_store, s.producer_subtask, s.output_parameter_key)]
        if len(there) > 1:
            first = there[0].SerializeToString()
            del selectors[1:]
            selectors[0].ParseFromString(first)
    found: dict[str, Any] = _outputs(spec, io_store)
    return found


def _is_there(io_store: Any, task: str, key: str) -> bool:
    try:
        io_store.get_task_output(task, key)
    except (KeyError, ValueError):
        return False
    return True


@contextlib.contextmanager
def _as_it_is(*_: Any, **__: Any) -> Iterator[None]:
    yield


def install() -> None:
    """Put the hooks in, once for the process."""
    task_executor.execute_single_task = _execute_single_task
    task_dispatcher.run_single_task_implementation = _run_single_task_implementation
    task_executor.time = SimpleNamespace(sleep=lambda seconds: None)
    subprocess_task_handler.run_local_subprocess = _run_local_subprocess
    subprocess_task_handler.replace_python_executable = lambda full_command, new_executable: full_command
    placeholder_utils.replace_placeholders = _replace_placeholders
    orchestrator_utils.OrchestratorUtils.get_dag_output_parameters = staticmethod(_get_dag_output_parameters)
    logging_utils.local_logger_context = _as_it_is
    logging_utils.indented_print = _as_it_is
    logging_utils.print_horizontal_line = lambda: None
    enhanced_dag_orchestrator.run_enhanced_dag = _run_enhanced_dag
    enhanced_dag_orchestrator._run_parallel_for_task = _run_parallel_for_task
    enhanced_dag_orchestrator.ConditionEvaluator.evaluate_condition = staticmethod(_evaluate_condition)
    assert dag_orchestrator.run_dag  # it calls `task_executor` too
