"""Metaflow's rules for artifacts in one process: runs a generated flow step by step, to test many in little time.

Only the runtime is replaced; Metaflow's own linter sees the same flows. Artifacts are pickled between tasks; a join gets
its inputs in any order; what is not merged is gone; a name that a step has not got raises.
"""

from __future__ import annotations

import ast
import json
import pickle
import random
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any


@dataclass
class Ended:
    """A task that has run."""

    step: str
    artifacts: dict[str, bytes]
    transition: tuple[tuple[Any, ...], dict[str, str]] | None
    stack: tuple[tuple[bytes, int], ...]
    """Item and index of each foreach around it."""
    path: tuple[Any, ...] = ()
    """Forks that it stands in: (source task, how many branches)."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.artifacts:
            raise AttributeError(name)
        return pickle.loads(self.artifacts[name])


class Inputs(list[Ended]):
    """What a join gets: a list, and the branches by name."""

    def __getattr__(self, name: str) -> Ended:
        return next(task for task in self if task.step == name)


class FlowSpec:
    """As much of it as generated flows use."""

    def __init__(self, artifacts: dict[str, bytes], stack: tuple[tuple[bytes, int], ...]) -> None:
        self.__dict__["_stored"] = dict(artifacts)
        self.__dict__["_stack"] = stack
        self.__dict__["_transition"] = None
        self.__dict__["_input"] = pickle.loads(stack[-1][0]) if stack else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._stored:
            raise AttributeError(f"Flow has no attribute {name!r}")
        value = pickle.loads(self._stored[name])
        self.__dict__[name] = value
        return value

    @property
    def input(self) -> Any:
        return self._input

    def next(self, *targets: Any, **options: str) -> None:
        assert self._transition is None
        self.__dict__["_transition"] = (targets, options)

    def merge_artifacts(self, inputs: Inputs, include: list[str]) -> None:
        for name in include:
            found = {task.artifacts[name] for task in inputs if name in task.artifacts}
            assert len(found) == 1, f"{name}: {len(found)} different values to merge"
            self._stored[name] = found.pop()

    def end(self) -> None:  # a flow has its own
        raise NotImplementedError


class JSONTypeClass:
    """Parameters as JSON text."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


class Parameter:
    """A class attribute with a default."""

    def __init__(self, name: str, default: Any = None, type: Any = None, **_: Any) -> None:
        self.default = type.convert(default, None, None) if isinstance(type, JSONTypeClass) else default

    def __get__(self, flow: Any, kind: type) -> Any:
        return self.default


def _ignored(*args: Any, **kwargs: Any) -> Any:
    return lambda function: function


def _catch(function: Any) -> Any:
    function.catches = True
    return function


def _user_step_decorator(generator: Any) -> Any:
    """Decorators that run `generator` around a step."""

    def decorator(**attributes: Any) -> Any:
        def decorate(function: Any) -> Any:
            function.around = [*getattr(function, "around", ()), (generator, attributes)]
            return function

        return decorate

    return decorator


def _run(flow: FlowSpec, step: str, inputs: Inputs | None, targets: list[str]) -> None:
    """Run a step, with what stands around it; it goes on to `targets` where it catches its failure."""
    function = getattr(flow, step)
    around = [made(step, flow, inputs, attributes) for made, attributes in getattr(function, "around", ())]
    for outer in reversed(around):
        next(outer)
    failure: Exception | None = None
    try:
        function() if inputs is None else function(inputs)
    except Exception as error:
        failure = error
    for inner in around:
        try:
            inner.throw(failure) if failure is not None else next(inner)
        except StopIteration:
            failure = None
        except Exception as error:
            failure = error
    if failure is None:
        return
    if not getattr(function, "catches", False):
        raise failure
    flow.__dict__["_transition"] = (tuple(getattr(flow, name) for name in targets), {})


def _targets(text: str) -> dict[str, list[str]]:
    """Step -> the steps that its last statement names; Metaflow, too, reads them from the source."""
    methods = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef) and n.args.args]
    return {
        m.name: [target.attr for target in m.body[-1].value.args if isinstance(target, ast.Attribute)]
        for m in methods
        if isinstance(m.body[-1], ast.Expr) and isinstance(m.body[-1].value, ast.Call)
    }


@contextmanager
def _modules() -> Any:
    found = ModuleType("metaflow")
    found.__dict__.update(
        FlowSpec=FlowSpec, Parameter=Parameter, step=lambda function: function, catch=_catch,
        current=SimpleNamespace(step_name="a step", run_id="1", retry_count=0), S3=None,
        user_step_decorator=_user_step_decorator,
        retry=_ignored, timeout=_ignored, environment=_ignored, resources=_ignored, StepMutator=object,
        JSONType=JSONTypeClass(),
    )  # fmt: skip
    late = ModuleType("metaflow.plugins.timeout_decorator")
    late.__dict__.update(TimeoutException=type("TimeoutException", (Exception,), {}))
    kept = {name: sys.modules.get(name) for name in ("metaflow", "metaflow.metaflow_config", late.__name__)}
    sys.modules |= {"metaflow": found, late.__name__: late}
    try:
        yield
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


@dataclass
class Machine:
    """Runs one flow."""

    flow: type
    targets: dict[str, list[str]]
    shuffle: random.Random = field(default_factory=lambda: random.Random(7))
    ran: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def run(self) -> Ended:
        """The task `end`."""
        ends = self._chain("start", {}, (), None)
        assert len(ends) == 1 and ends[0].step == "end", [e.step for e in ends]
        return ends[0]

    def _task(self, step: str, artifacts: dict[str, bytes], stack: Any, inputs: Inputs | None) -> Ended:
        flow = self.flow(artifacts, stack)
        self.ran.append((step, tuple(index for _, index in stack)))
        _run(flow, step, inputs, self.targets.get(step, []))
        changed = {k: pickle.dumps(v) for k, v in flow.__dict__.items() if not k.startswith("_")}
        assert not changed.keys() & {n for n in dir(self.flow)}, f"{step} sets {changed.keys() & set(dir(self.flow))}"
        return Ended(step, {**flow._stored, **changed}, flow._transition, stack)

    def _chain(self, step: str, artifacts: dict[str, bytes], stack: Any, inputs: Inputs | None) -> list[Ended]:
        """Run from `step` to the end, or to where a join is due: the tasks that wait for it."""
        while True:
            task = self._task(step, artifacts, stack, inputs)
            if task.transition is None:
                return [task]
            targets, options = task.transition
            ends: list[Ended] = []
            if "condition" in options:
                (cases,) = targets
                targets = (cases[getattr(task, options["condition"])],)
            if "foreach" in options:
                items = (
                    getattr(task, options["foreach"])
                    if options["foreach"] in task.artifacts
                    else getattr(self.flow, options["foreach"])
                )
                assert isinstance(items, (list, tuple)) and items, "Metaflow takes no empty foreach"
                for index, item in enumerate(items):
                    deeper = (*stack, (pickle.dumps(item), index))
                    ends += self._chain(targets[0].__name__, task.artifacts, deeper, None)
            elif len(targets) > 1:
                for target in targets:
                    ends += self._chain(target.__name__, task.artifacts, stack, None)
                self.shuffle.shuffle(ends)
            else:
                step = targets[0].__name__
                if self._is_join(step):
                    return [task]
                artifacts, inputs = task.artifacts, None
                continue
            joins = {self._after(end) for end in ends}
            assert len(joins) == 1, joins
            step, artifacts, inputs = joins.pop(), {}, Inputs(ends)

    def _after(self, task: Ended) -> str:
        assert task.transition is not None
        (target,), options = task.transition
        assert not options and self._is_join(target.__name__)
        return str(target.__name__)

    def _is_join(self, step: str) -> bool:
        return getattr(self.flow, step).__code__.co_argcount == 2


def run(text: str, name: str = "generated_flow") -> tuple[Ended, list[tuple[str, tuple[int, ...]]]]:
    """Run the flow in `text`: its last task, and all tasks as (step, loop indices)."""
    module = ModuleType(name)
    sys.modules[name] = module
    with _modules():
        exec(compile(text, f"{name}.py", "exec"), module.__dict__)  # noqa: S102  # what pipec has just written
        flow = next(
            v for v in vars(module).values() if isinstance(v, type) and issubclass(v, FlowSpec) and v is not FlowSpec
        )
        machine = Machine(flow, _targets(text))
        return machine.run(), machine.ran
