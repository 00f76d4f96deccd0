"""What a run of `dag.test()` did, in terms of the pipeline: steps, loops, attempts, errors."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from pipec.backends.airflow.compile import Compiled
from pipec.backends.airflow.graph import TaskNode
from pipec.backends.airflow.values import ERROR
from pipec.compiler.backend.protocol import Event, LogEvent, LoopEvent, StepEvent

_MISSING = "XCom not found"
_AIRFLOW = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[\w+ *\]")


class Progress:
    """Follows a run."""

    def __init__(self, made: Compiled, emit: Callable[[Event], None]) -> None:
        self.made = made
        self.emit = emit
        self.steps = {node.id: task for task, node in made.lowering.tasks.items()}
        """Airflow's task id -> the IR's."""
        self.current = ""
        self.failures: list[tuple[str, str]] = []
        """Airflow's task id, and the traceback."""
        self.words: list[str] = []
        """The last lines of output."""
        self.cached: set[tuple[str, int]] = set()
        self.caught: set[tuple[str, int]] = set()
        """Task instances that have failed for good, and ended well all the same."""

    def heard(self, text: str) -> None:
        """A line of output: the step's own, or Airflow's."""
        if _MISSING in text:  # what a skipped task would have given
            return
        self.words = [*self.words[-40:], text]
        self.emit(LogEvent(text=text, task="" if _AIRFLOW.match(text) else self.current))

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Tell of each task as it starts and ends."""
        from airflow.sdk.definitions import dag as module

        original = module._run_task

        def run_task(*, ti: Any, task: Any, **options: Any) -> Any:
            step = self.steps.get(ti.task_id)
            index = self._index(self._loop_of(step), ti.map_index, ti) if step and ti.map_index >= 0 else ()
            self.current = step or ""
            if step:
                self.emit(StepEvent(task=step, index=index, status="running", attempts=ti.try_number))
            logger = logging.getLogger("airflow.task.cache")
            handler = _Seen()
            logger.setLevel(logging.WARNING)  # those of Airflow itself are told nothing but errors
            logger.addHandler(handler)
            try:
                result = original(ti=ti, task=task, **options)
            finally:
                logger.removeHandler(handler)
                sys.stdout.flush()
                sys.stderr.flush()
                self.current = ""
            if handler.seen:
                self.cached.add((ti.task_id, ti.map_index))
            error = getattr(result, "error", None)
            if error is not None and str(result.state).endswith("failed"):  # not where Airflow tries again
                self.failures.append((ti.task_id, _traceback(error)))
            return result

        module._run_task = run_task
        try:
            yield
        finally:
            module._run_task = original

    def finish(self, run: Any) -> None:
        """Tell the final state of every step and loop."""
        instances: dict[str, list[Any]] = {}
        for ti in run.get_task_instances():
            instances.setdefault(ti.task_id, []).append(ti)
        # an attempt that failed before one that did not is not what the run failed of
        lost = [
            (task, text) for task, text in self.failures if any(t.state == "failed" for t in instances.get(task, ()))
        ]
        self.failures = lost or self.failures
        loops, inner = self.made.lowering.loops, self.made.nesting.inner
        for loop, node in loops.items():
            count = sum(ti.map_index >= 0 for ti in instances.get(node.id, ()))
            if loop not in inner and (count or self._reached(loop, node, run, instances)):
                self.emit(LoopEvent(loop=loop, count=count))
        for outer in {outer for outer, _ in inner.values()} - set(loops) - set(inner):
            self.emit(
                LoopEvent(
                    loop=outer, count=len(self._counts(next(i for i, (o, _) in inner.items() if o == outer), run))
                )
            )
        for loop, (outer, _) in inner.items():
            for i, size in enumerate(self._counts(loop, run)):
                self.emit(LoopEvent(loop=loop, index=self._index(outer, i, run), count=size))
        self.caught = self._caught(run)
        for task_id, step in self.steps.items():
            for ti in sorted(instances.get(task_id, ()), key=lambda ti: ti.map_index):
                node = self.made.lowering.tasks[step]
                if node.loop is not None and ti.map_index < 0:
                    if ti.state == "skipped":
                        continue
                index = self._index(self._loop_of(step), ti.map_index, run) if ti.map_index >= 0 else ()
                self.emit(self._event(step, index, ti))

    def _caught(self, run: Any) -> set[tuple[str, int]]:
        """The task instances that have given a message."""
        found: set[tuple[str, int]] = set()
        for node in self.made.lowering.nodes:
            if node.function.caught:
                messages = xcoms(run, node.id, ERROR)
                found |= {(node.id, i) for i, message in messages.items() if message not in (None, {"$none": True})}
        return found

    def _counts(self, loop: str, run: Any) -> list[int]:
        """How many items each outer item gave the inner loop `loop`."""
        bound = self.made.lowering.env[self.made.nesting.inner[loop][1]]
        assert bound.node is not None
        return list(xcoms(run, bound.node.id, bound.key or "return_value").get(-1) or [])

    def _loop_of(self, step: str) -> str | None:
        """The loop that the task of `step` is mapped over."""
        node = self.made.lowering.tasks[step]
        return next((k for k, n in self.made.lowering.loops.items() if n.loop is node.loop is not None), None)

    def _outer(self, loop: str) -> str:
        return self.made.nesting.inner[loop][0]

    def _index(self, loop: str | None, flat: int, run: Any) -> tuple[int, ...]:
        """Loop indices, outermost first, of the iteration `flat` of a loop that may be flattened."""
        if loop is None or loop not in self.made.nesting.inner:
            return (flat,)
        for i, count in enumerate(self._counts(loop, run)):
            if flat < count:
                return (*self._index(self._outer(loop), i, run), flat)
            flat -= count
        return (flat,)

    def _event(self, step: str, index: tuple[int, ...], ti: Any) -> StepEvent:
        state = str(ti.state)
        if state == "success" and (ti.task_id, ti.map_index) in self.caught:
            return StepEvent(task=step, index=index, status="failed", attempts=ti.try_number)
        if state == "success":
            status = "cached" if (ti.task_id, ti.map_index) in self.cached else "succeeded"
            return StepEvent(task=step, index=index, status=status, attempts=ti.try_number)
        if state == "failed":
            return StepEvent(task=step, index=index, status="failed", attempts=ti.try_number)
        return StepEvent(task=step, index=index, status="skipped")

    def _reached(self, loop: str, node: TaskNode, run: Any, instances: dict[str, list[Any]]) -> bool:
        """Whether a loop without instances had no items, and was not in an arm that was skipped."""
        producer = self.made.lowering.producers.get(loop)
        if producer is not None and not any(str(ti.state) == "success" for ti in instances.get(producer.id, ())):
            return False
        for branch, way in zip(node.arms, node.ways):
            ids = self.made.lowering.choices[branch][way]
            followed = xcoms(run, branch.id, "skipmixin_key").get(-1) or {}
            if not any(str(ti.state) == "success" for ti in instances.get(branch.id, ())):
                return False
            if "followed" in followed and not set(ids) & set(followed["followed"]):
                return False
            if "skipped" in followed and set(ids) & set(followed["skipped"]):
                return False
        return True

    def error(self, state: str) -> str:
        """The failing step's own traceback, and Airflow's words."""
        if not self.failures:
            return "\n".join([*self.words, f"Airflow: the run ended as {state}"])
        task_id, text = self.failures[0]
        return f"{text.rstrip()}\n\nAirflow: task {task_id} failed; the run ended as {state}"


class _Seen(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen = False

    def emit(self, record: logging.LogRecord) -> None:
        self.seen = True


def _traceback(error: BaseException) -> str:
    """The traceback from the DAG file on."""
    trace = error.__traceback__
    kept = trace
    while trace is not None and "unusual_prefix" not in str(trace.tb_frame.f_globals.get("__name__", "")):
        trace = trace.tb_next
    while trace is not None and trace.tb_frame.f_code.co_name == "run" and trace.tb_next is not None:
        trace = trace.tb_next  # our own decorators
    return "".join(traceback.format_exception(type(error), error, trace or kept))


def xcoms(run: Any, task_id: str, key: str) -> dict[int, Any]:
    """Map index -> value of the XComs of a task."""
    from airflow.models.xcom import XComModel
    from airflow.sdk.execution_time.xcom import XCom
    from airflow.utils.session import create_session
    from sqlalchemy import select

    columns = (XComModel.map_index, XComModel.value)
    query = select(*columns).where(
        XComModel.dag_id == run.dag_id,
        XComModel.run_id == run.run_id,
        XComModel.task_id == task_id,
        XComModel.key == key,
    )
    with create_session() as session:
        return {row.map_index: XCom.deserialize_value(row) for row in session.execute(query)}
