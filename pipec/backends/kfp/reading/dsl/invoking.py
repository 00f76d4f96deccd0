"""Calls in the file that is read: of its own functions, of components, and of what is known of libraries."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import kinds, pythonic
from pipec.backends.kfp.reading.dsl.attributes import Bound, ClassValue, is_method
from pipec.backends.kfp.reading.dsl.calls import Call, Native
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.groups import Recorder
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.names import TARGET
from pipec.backends.kfp.reading.dsl.parts import Component
from pipec.backends.kfp.reading.dsl.problems import Problem, Unknown, refused
from pipec.backends.kfp.reading.dsl.scope import Scope
from pipec.backends.kfp.reading.dsl.tasks import Task, TaskMethod, instantiate
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import SettingNotKept
from pipec.ir import Span

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.pipelines import Attempt

_DEPTH = 60
_CARELESS = {"kfp.dsl.component", "kfp.Client", "kfp.client.Client", "kfp.compiler.Compiler"}
"""What may be given arguments that are not known."""


@dataclass(frozen=True)
class Partial:
    """A function with some arguments: `functools.partial(...)`, and decorators that have been given settings."""

    function: Any
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict, hash=False)


class Returned(Exception):
    """`return` in a function."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Invoking:
    """Evaluates calls. What its subclasses add: expressions and statements."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.report = Report()
        self.depth = 0
        self.library: dict[str, Native] = {}
        self.builtins: dict[str, Any] = dict(pythonic.BUILTINS)
        self.attempts: list[Attempt] = []
        """The pipelines that have been met."""
        self.alone: list[Component] = []
        """Components that the file compiles by themselves."""

    def evaluate(self, node: ast.expr, scope: Scope) -> Any:
        """See `Expressions`."""
        raise NotImplementedError

    def maybe(self, node: ast.expr, scope: Scope) -> Any:
        """See `Expressions`."""
        raise NotImplementedError

    def iterate(self, value: Any) -> list[Any]:
        """See `Expressions`."""
        raise NotImplementedError

    def execute(self, body: list[ast.stmt], scope: Scope) -> None:
        """See `Machine`."""
        raise NotImplementedError

    def span(self, node: ast.AST, scope: Scope) -> Span:
        """See `Expressions`."""
        raise NotImplementedError

    def assumed(self, variable: str, default: Any, span: Span) -> None:
        """See `Machine`."""
        raise NotImplementedError

    def named(self, name: str, value: Any) -> None:
        """A variable has been given a value: a task remembers its first name."""
        if isinstance(value, Task) and value.variable is None and self.recorder is not None:
            value.variable = name

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        callee = self.evaluate(node.func, scope)
        if isinstance(callee, TaskMethod) and callee.is_lost:
            return callee.lose(Call(self, scope, [], {}, self.span(node, scope), node))  # type: ignore[arg-type]
        call = Call(self, scope, [], {}, self.span(node, scope), node)  # type: ignore[arg-type]  # the whole machine
        for one in node.args:
            if isinstance(one, ast.Starred):
                call.args += self.iterate(self.evaluate(one.value, scope))
            else:
                call.args.append(self.maybe(one, scope))
        for keyword in node.keywords:
            if keyword.arg is None:
                call.kwargs |= self.evaluate(keyword.value, scope)
            else:
                call.kwargs[keyword.arg] = self.maybe(keyword.value, scope)
                call.spans[keyword.arg] = self.span(keyword.value, scope)
        return self.invoke(callee, call)

    def invoke(self, callee: Any, call: Call) -> Any:
        """Call a value."""
        match callee:
            case Function():
                return self.run(callee, call)
            case Component():
                return self._instantiate(callee, call)
            case Partial():
                call.args = [*callee.args, *call.args]
                call.kwargs = callee.kwargs | call.kwargs
                return self.invoke(callee.function, call)
            case Imported() if callee.path in _CARELESS:
                return self.library[callee.path](call)
            case Bound():
                return self._method(callee, call)
        for one in [*call.args, *call.kwargs.values()]:
            if isinstance(one, Unknown):
                raise one.problem
        if isinstance(callee, Imported) and callee.path in self.library:
            return self.library[callee.path](call)
        if isinstance(callee, TaskMethod):
            return callee(call)
        if isinstance(callee, pythonic.Function):
            return callee.run(call)
        if isinstance(callee, kinds.NamedTupleType):
            values = call.take(callee.name, *callee.fields, required=len(callee.fields))
            return kinds.NamedTupleValue(callee, {name: values[name] for name in callee.fields})
        if callee in pythonic.CONSTRUCTORS or is_method(callee):
            return pythonic.call_plain(callee, call)
        raise self._unknown(callee, call)

    def _unknown(self, callee: Any, call: Call) -> Problem:
        if isinstance(callee, Imported):
            reason = "it is a library that is not run when the file is read"
            return Problem(f"`{callee.path}(...)`", reason, callee.advice)
        if isinstance(callee, (Channel, Task)):
            return refused("a call", "a value of the run cannot be called")
        name = callee.name if isinstance(callee, ClassValue) else getattr(callee, "__name__", type(callee).__name__)
        return Problem(f"`{name}(...)`", "it is not evaluated when the file is read", "write its result into the file")

    def _method(self, bound: Bound, call: Call) -> Any:
        path = f"{bound.instance.kind}.{bound.name}"
        if bound.instance.kind == "kfp.dsl.PipelineConf" and self.recorder is not None:
            reason = "the documents of version 2 of the SDK have no word for it"
            self.report.add(SettingNotKept(call.span, TARGET, self.recorder.name, bound.name, reason))
            return bound.instance
        if path not in self.library:
            raise Problem(f"`{path}(...)`", "it is not run when the file is read")
        call.args = [bound.instance, *call.args]
        return self.library[path](call)

    def _instantiate(self, component: Component, call: Call) -> Task:
        for attempt in self.attempts:
            if attempt.component is component:
                attempt.used = True
        return instantiate(component, call)

    def run(self, function: Function, call: Call) -> Any:
        """Evaluate a function of the file."""
        scope = Scope(function.scope.module, function.scope)
        self._bind(function, call, scope)
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, scope)
        if self.depth >= _DEPTH:
            raise Problem(f"`{function.name}`", "it calls itself too often to be read")
        self.depth += 1
        try:
            self.execute(function.node.body, scope)
        except Returned as returned:
            return returned.value
        finally:
            self.depth -= 1
        return None

    def _bind(self, function: Function, call: Call, scope: Scope) -> None:
        parameters = function.parameters.values()
        positional = [one.name for one in parameters if one.kind == "positional"]
        several = next((one.name for one in parameters if one.kind == "args"), None)
        mapping = next((one.name for one in parameters if one.kind == "kwargs"), None)
        if len(call.args) > len(positional) and several is None:
            raise TypeError(f"{function.name}() takes {len(positional)} arguments but {len(call.args)} were given")
        values: dict[str, Any] = dict(zip(positional, call.args))
        rest: dict[str, Any] = {}
        for name, value in call.kwargs.items():
            known = name in function.parameters and name not in (several, mapping)
            if not known and mapping is None:
                raise TypeError(f"{function.name}() got an unexpected keyword argument {name!r}")
            (values if known else rest)[name] = value
        for one in parameters:
            if one.kind == "args":
                values[one.name] = tuple(call.args[len(positional) :])
            elif one.kind == "kwargs":
                values[one.name] = rest
            elif one.name not in values:
                if one.name not in function.defaults:
                    raise TypeError(f"{function.name}() misses its argument {one.name!r}")
                values[one.name] = function.defaults[one.name]
        scope.values |= values
