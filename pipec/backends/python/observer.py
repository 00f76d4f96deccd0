"""Watches the step calls of a run: copies what goes in and out, retries, and tells what happened."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from pipec import authoring
from pipec.backends.python.cache import StepCache
from pipec.backends.python.instrument import Instrument, Place, Scope, iterations_of
from pipec.backends.python.output import StepOutput, told
from pipec.backends.python.values import Store
from pipec.compiler.backend.protocol import CaughtEvent, LogEvent, LoopEvent, StepEvent
from pipec.compiler.backend.worker import Emit
from pipec.ir import Code, ForEach, Group, Pipeline, RunValue, Task, Try, uses
from pipec.ir.graph import walk

N = TypeVar("N", bound=Task | Group | ForEach | Try)
Arguments = Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]
Evaluate = Callable[[int], tuple[tuple[Any, ...], dict[str, Any]]]
"""Number of the attempt -> arguments."""


class StepLeftError(Exception):
    """A step called `sys.exit`, which an orchestrator counts as a failure whatever the status."""


class Observer:
    """What rewritten pipeline functions call."""

    def __init__(
        self, pipeline: Pipeline, instrument: Instrument, workdir: Path, emit: Emit, cache: Path | None
    ) -> None:
        self.pipeline = pipeline
        self.instrument = instrument
        self.emit = emit
        self.current = ""
        """Id of the task that runs; "" between tasks."""
        self.failures: dict[int, tuple[BaseException, str]] = {}
        """By identity: exceptions that steps have ended with, and their tracebacks as told."""
        self._workdir = workdir
        self._store = Store(workdir / "store")
        self._cache = StepCache(cache, self._store) if cache else None
        self._scope = Scope(pipeline.body)
        self._index: list[int] = []
        self._turn: list[int] = []
        """Indices of the unrolled loops around, within the pipeline function that runs."""
        self._base = 0
        """How many loops are around the pipeline function that runs."""
        self._fields: dict[int, tuple[Any, dict[str, Any]]] = {}
        authoring.run.pipeline = pipeline.name
        self._attempts = {n.output for n in walk(pipeline.body) if isinstance(n, RunValue) and n.what == "attempt"}
        self._heard: list[Any] | None = None
        """While arguments are evaluated: what the calls among them gave."""
        self._again: Iterator[Any] | None = None
        """While arguments are evaluated again for a further attempt: what the calls among them gave at first."""

    # what rewritten code calls

    def loop(self, place: Place, ordinal: int, items: Iterable[Any]) -> Iterator[Any]:
        """The items of a loop, while the current index is kept."""
        items = list(items)
        if place in self._scope.unrolled:
            yield from self._turns(items)
            return
        node = self._this(self._scope.loops[place], ordinal)
        depth = len(self._index)
        self.emit(LoopEvent(loop=node.id, index=tuple(self._index), count=len(items)))
        for i, item in enumerate(items):
            self._index[depth:] = [i]
            yield item
        del self._index[depth:]

    def _turns(self, items: list[Any]) -> Iterator[Any]:
        """The items of a loop that was unrolled: each turn has nodes of its own."""
        depth = len(self._turn)
        for i, item in enumerate(items):
            self._turn[depth:] = [i]
            yield item
        del self._turn[depth:]

    def _this(self, nodes: list[N], ordinal: int = 0) -> N:
        """Of the nodes of one place, the one of this turn of the unrolled loops around."""
        turn = tuple(self._turn)
        return [n for n in nodes if tuple(i.index for i in iterations_of(n)) == turn][ordinal]

    def caught(self, place: Place) -> None:
        """A handler was entered."""
        self.left(place)
        attempt = self._this([node for node in self._scope.tries[place] if node.handler is not None])
        self.emit(CaughtEvent(attempt=attempt.id, index=tuple(self._index)))

    def left(self, place: Place) -> None:
        """The body of a `try` has ended, perhaps in the middle of its loops."""
        attempts = self._scope.tries[place]
        del self._index[self._base + self._scope.depths[attempts[0].id] :]
        del self._turn[len(attempts[0].iterations) :]

    def field(self, owner: Any, name: str) -> Any:
        """`owner.name`; a field of a step's result travels by its own annotation."""
        found = self._fields.get(id(owner))
        return found[1][name] if found is not None and name in found[1] else getattr(owner, name)

    def call(self, place: Place, function: Callable[..., Any], arguments: Arguments) -> Any:
        """A call of a step or of a sub-pipeline."""
        if self._again is not None:
            return next(self._again)
        node = self._this(self._scope.calls[place])
        outer, self._heard = self._heard, []
        try:
            result = (
                self._group(node, function, arguments)
                if isinstance(node, Group)
                else self._step(node, function, arguments)
            )
        finally:
            self._heard = outer
        if self._heard is not None:
            self._heard.append(result)
        return result

    def _step(self, node: Task, function: Callable[..., Any], arguments: Arguments) -> Any:
        try:
            args, kwargs = arguments()
        except Exception as error:
            if id(error) not in self.failures and any(isinstance(expr, Code) for expr in node.args.values()):
                # the expression is evaluated inside the task, at every attempt
                self._tell(node, "failed", _attempts_of(node))
                self.failures[id(error)] = (error, told(error))
            raise
        heard = list(self._heard or ())
        reads_attempt = any(v in self._attempts for expr in node.args.values() for v in uses(expr))

        def evaluate(attempt: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
            if attempt == 1 or not reads_attempt:
                return args, kwargs
            authoring.run.attempt, self._again = attempt, iter(heard)
            try:
                return arguments()
            finally:
                authoring.run.attempt, self._again = 1, None

        return self._task(node, function, evaluate)

    def error(self, failure: BaseException) -> str:
        """What `failure`, which has ended the run, looks like to the user."""
        known = self.failures.get(id(failure))
        return known[1] if known else told(failure)

    # groups and tasks

    def _group(self, node: Group, function: Callable[..., Any], arguments: Arguments) -> Any:
        args, kwargs = arguments()
        outer, self._scope = (self._scope, self._base, self._turn), Scope(node.body)
        self._base, self._turn = len(self._index), []
        try:
            return self.instrument.instrumented(function, self)(*args, **kwargs)
        finally:
            self._scope, self._base, self._turn = outer

    def _task(self, node: Task, function: Callable[..., Any], evaluate: Evaluate) -> Any:
        args, kwargs = evaluate(1)
        key = self._cache.key(self.pipeline, node, function, args, kwargs) if self._cache and node.policy.cache else ""
        if self._cache and key:
            hit, result = self._cache.load(key, node)
            if hit:
                self._tell(node, "cached", 0)
                return result
        for attempt in range(1, _attempts_of(node) + 1):
            self._tell(node, "running", attempt)
            try:
                result = self._attempt(node, function, *evaluate(attempt), attempt)
            except (Exception, SystemExit) as error:
                if attempt < _attempts_of(node):
                    text = "".join(traceback.format_exception_only(type(error), error)).rstrip("\n")
                    self.emit(LogEvent(text=f"attempt {attempt} failed: {text}", task=node.id))
                    continue
                self._tell(node, "failed", attempt)
                text = told(error)
                if isinstance(error, SystemExit):
                    left = StepLeftError(f"step {node.site.step!r} called sys.exit({error.code!r})")
                    self.failures[id(left)] = (left, f"{text}\n{left}")
                    raise left from error
                self.failures[id(error)] = (error, text)
                raise
            self._tell(node, "succeeded", attempt)
            if self._cache and key:
                self._cache.save(key, result)
            return result
        raise AssertionError("there is always a first attempt")

    def _attempt(
        self, node: Task, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], attempt: int
    ) -> Any:
        args = tuple(map(self._store.argument, args))
        kwargs = {name: self._store.argument(value) for name, value in kwargs.items()}
        with self._surroundings(node, attempt):
            value = function(*args, **kwargs)
            return self._result(node, value)

    def _result(self, node: Task, value: Any) -> Any:
        """The result as the pipeline body sees it: only what is read has to be storable."""
        step = node.site.step
        elements = {o.select: o for o in node.outputs if isinstance(o.select, int)}
        if elements:
            parts = list(value)
            return tuple(
                self._store.result(v, elements[i].type, step) if i in elements else v for i, v in enumerate(parts)
            )
        whole = next((o for o in node.outputs if o.select is None), None)
        result = value if whole is None else self._store.result(value, whole.type, step)
        fields = {o.select: o for o in node.outputs if isinstance(o.select, str)}
        if fields:
            read = {name: self._store.result(getattr(value, name), o.type, step) for name, o in fields.items()}
            self._fields[id(result)] = (result, read)
        return result

    @contextmanager
    def _surroundings(self, node: Task, attempt: int) -> Iterator[None]:
        """An empty working folder, the step's environment, its time limit, and its name on what it prints."""
        folder = Store(self._workdir / "steps" / node.id / "_".join(map(str, (*self._index, attempt)))).fresh()
        home, environment = os.getcwd(), dict(os.environ)
        os.chdir(folder)
        os.environ.update(node.policy.env)
        authoring.run.attempt = attempt
        self.current = node.id
        try:
            with _limited(node):
                yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, StepOutput):
                    stream.end()
            self.current = ""
            authoring.run.attempt = 1
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(home)

    def _tell(self, node: Task, status: Any, attempts: int) -> None:
        self.emit(StepEvent(task=node.id, index=tuple(self._index), status=status, attempts=attempts))


def _attempts_of(node: Task) -> int:
    return 1 + (node.policy.retry.limit if node.policy.retry else 0)


@contextmanager
def _limited(node: Task) -> Iterator[None]:
    """Raise `TimeoutError` in the step when its time is over."""
    seconds = node.policy.timeout
    if seconds is None:
        yield
        return

    def expired(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"step {node.site.step!r} took longer than its time limit of {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
