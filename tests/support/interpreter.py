"""An interpreter of the IR: runs the sliced code by the tree, so that frontend and passes are tested without a backend."""

from __future__ import annotations

import builtins
import copy
import os
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from pipec import PipelineFailed, uri_of
from pipec.compiler.frontend.constants import PURE_BUILTINS
from pipec.ir import (
    Address,
    Block,
    Branch,
    Check,
    Code,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    Parallel,
    Pipeline,
    Ref,
    RunValue,
    Statement,
    Task,
    Try,
    Wait,
)
from pipec.ir.graph import defines
from pipec.ir.literals import value_of

_PURE = {name: getattr(builtins, name) for name in PURE_BUILTINS}


def interpret(pipeline: Pipeline, params: dict[str, Any]) -> tuple[Any, list[tuple[str, tuple[int, ...]]]]:
    """The result, and the calls that ran as (step, loop indices), sorted."""
    machine = _Machine(pipeline)
    for parameter in pipeline.parameters:
        if parameter.name in params:
            machine.values[parameter.name] = params[parameter.name]
        else:
            assert parameter.default is not None, parameter.name
            machine.values[parameter.name] = value_of(parameter.default.source)
    machine.block(pipeline.body, ())
    result = machine.eval(pipeline.result) if pipeline.result is not None else None
    return result, sorted(machine.calls)


class _Machine:
    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.values: dict[str, Any] = {}
        self.calls: list[tuple[str, tuple[int, ...]]] = []
        module = ModuleType("slice")
        code = "from __future__ import annotations\n" + "\n\n".join(d.source for d in pipeline.definitions)
        import sys

        sys.modules["slice"] = module
        exec(compile(code, "<slice>", "exec"), module.__dict__)  # noqa: S102  # the point of this test
        self.module = module

    def eval(self, expr: Expr) -> Any:
        match expr:
            case Const():
                return value_of(expr.source)
            case Ref():
                return copy.deepcopy(self.values[expr.value])
            case Address():
                return uri_of(self.values[expr.value])
            case Code():
                names = {free: copy.deepcopy(self.values[v]) for free, v in expr.inputs.items()}
                return eval(expr.source, {"__builtins__": _PURE, **names})  # noqa: S307

    def block(self, block: Block, index: tuple[int, ...]) -> None:
        for node in block.nodes:
            self.node(node, index)

    def node(self, node: Statement, index: tuple[int, ...]) -> None:
        match node:
            case Task() | Compute() | Check() | Wait():
                self.caught(node, index)
            case RunValue():
                self.values[node.output] = {"id": "run", "date": "2026-01-01", "attempt": 1}[node.what]
            case Try():
                self.attempt(node, index)
            case Branch():
                chosen = bool(self.eval(node.condition))
                self.block(node.then if chosen else node.orelse, index)
                for phi in node.outputs:
                    self.values[phi.id] = self.eval(phi.then if chosen else phi.orelse)
            case ForEach():
                self.loop(node, index)
            case Group():
                for argument in node.args:
                    self.values[argument.id] = self.eval(argument.expr)
                self.block(node.body, index)
                for result in node.outputs:
                    self.values[result.id] = self.eval(result.value)
            case Parallel():
                self.block(node.body, index)

    def caught(self, node: Task | Compute | Check | Wait, index: tuple[int, ...]) -> None:
        """What may fail, and perhaps catches its own failure."""
        error: str | None = None
        try:
            self.leaf(node, index)
        except Exception as failure:
            if node.caught is None:
                raise
            error = str(failure)
            self.values.update((v, None) for v in defines(node))
        if node.caught is not None:
            self.values[node.caught] = error

    def leaf(self, node: Task | Compute | Check | Wait, index: tuple[int, ...]) -> None:
        match node:
            case Task():
                self.task(node, index)
            case Compute():
                for let in node.lets:
                    self.values[let.id] = self.eval(let.expr)
            case Check():
                if not self.eval(node.condition):
                    raise PipelineFailed(*([] if node.message is None else [str(self.eval(node.message))]))
            case Wait():
                if not Path(str(self.eval(node.uri)).removeprefix("file://")).exists():
                    raise TimeoutError(node.id)

    def attempt(self, node: Try, index: tuple[int, ...]) -> None:
        try:
            self.block(node.body, index)
            for phi in node.outputs:
                self.values[phi.id] = self.eval(phi.then)
        except Exception as failure:
            if node.handler is None:
                raise
            if node.error is not None:
                self.values[node.error] = str(failure)
            self.block(node.handler, index)
            for phi in node.outputs:
                self.values[phi.id] = self.eval(phi.orelse)
        finally:
            if node.final is not None:
                self.block(node.final, index)

    def loop(self, node: ForEach, index: tuple[int, ...]) -> None:
        collected: dict[str, list[Any]] = {o.id: [] for o in node.outputs}
        for i, item in enumerate(list(self.eval(node.items))):
            for target in node.targets:
                value = item
                for step in target.path:
                    value = list(value)[step]
                self.values[target.id] = value
            self.block(node.body, (*index, i))
            for output in node.outputs:
                collected[output.id].append(self.values[output.value])
        self.values.update(collected)

    def task(self, node: Task, index: tuple[int, ...]) -> None:
        component = self.pipeline.component(node.component)
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        ports = [p.name for p in component.ports if p.kind == "positional"]
        stars = any(k.startswith("*") for k in node.args)
        for key, expr in node.args.items():
            value = self.eval(expr)
            if key.startswith("*") or (stars and key in ports):
                positional.append(value)
            else:
                keywords[key] = value
        self.calls.append((node.site.step, index))
        assert component.function is not None
        folder = tempfile.mkdtemp()
        before = Path.cwd()
        os.chdir(folder)
        try:
            result = getattr(self.module, component.function)(*positional, **keywords)
        finally:
            os.chdir(before)
        result = _absolute(result, Path(folder))
        for output in node.outputs:
            match output.select:
                case None:
                    self.values[output.id] = result
                case int():
                    self.values[output.id] = list(result)[output.select]
                case str():
                    self.values[output.id] = getattr(result, output.select)


def _absolute(value: Any, folder: Path) -> Any:
    """`value` with relative paths, at any depth, anchored in the folder that the step ran in."""
    match value:
        case Path():
            return folder / value
        case list():
            return [_absolute(v, folder) for v in value]
        case tuple() if type(value) is tuple:
            return tuple(_absolute(v, folder) for v in value)
        case dict():
            return {k: _absolute(v, folder) for k, v in value.items()}
    return value
