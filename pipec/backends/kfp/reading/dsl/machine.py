"""Statements of the file that is read: what they bind, and the blocks that they open in a pipeline."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from pipec.backends.kfp.reading.dsl import kinds, library, pythonic
from pipec.backends.kfp.reading.dsl.attributes import ClassValue
from pipec.backends.kfp.reading.dsl.calls import Call
from pipec.backends.kfp.reading.dsl.expressions import Expressions
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.groups import Group
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.invoking import Returned
from pipec.backends.kfp.reading.dsl.modules import Modules
from pipec.backends.kfp.reading.dsl.names import TARGET
from pipec.backends.kfp.reading.dsl.problems import PYTHON_ERRORS, Problem, Unknown, refused
from pipec.backends.kfp.reading.dsl.scope import FileModule, Scope
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import ChangedMeaning
from pipec.compiler.reading import Source
from pipec.ir import Span

_ROUNDS = 10_000


class _Break(Exception):
    """`break`."""


class _Continue(Exception):
    """`continue`."""


class Machine(Expressions):
    """Evaluates a file from top to bottom without running anything of it."""

    def __init__(self, source: Source, report: Report) -> None:
        super().__init__()
        self.report = report
        self.library = {**pythonic.LIBRARY, **library.functions()}
        self.modules = Modules(self, source)
        self._told: set[str] = set()
        self._statements: dict[type[ast.stmt], Callable[[Any, Scope], None]] = {
            ast.Expr: lambda node, scope: void(self.evaluate(node.value, scope)),
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.FunctionDef: self._define,
            ast.ClassDef: self._class,
            ast.Import: lambda node, scope: self.modules.imported(node, scope),
            ast.ImportFrom: lambda node, scope: self.modules.imported_from(node, scope),
            ast.If: self._if,
            ast.For: self._for,
            ast.While: self._while,
            ast.With: self._with,
            ast.Try: self._try,
            ast.Return: self._return,
            ast.Raise: self._raise,
            ast.Assert: self._assert,
            ast.Pass: lambda node, scope: None,
            ast.Break: lambda node, scope: throw(_Break()),
            ast.Continue: lambda node, scope: throw(_Continue()),
            ast.Global: lambda node, scope: scope.shared.update(node.names),
            ast.Nonlocal: lambda node, scope: scope.shared.update(node.names),
            ast.Delete: lambda node, scope: None,
        }

    def load(self, module: FileModule) -> Scope:
        """Evaluate a whole module; gives its names."""
        scope = Scope(module)
        scope.values |= {"__name__": module.name, "__file__": module.source.path.as_posix()}
        self.execute(module.tree.body, scope)
        return scope

    def execute(self, body: list[ast.stmt], scope: Scope) -> None:
        """Evaluate statements. At the top of a module, what is not known makes unknown only what it touches."""
        for statement in body:
            try:
                self._statement(statement, scope)
            except Problem as problem:
                aside = isinstance(statement, ast.Expr) and self.is_aside(statement, scope)
                if (self.recorder is not None or self.depth) and not aside:
                    raise
                self._taint(statement, scope, problem)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        handler = self._statements.get(type(node))
        try:
            if handler is None:
                word = type(node).__name__.lower()
                raise Problem(f"`{word}`", "this statement is not evaluated when the file is read")
            handler(node, scope)
        except Problem as problem:
            raise problem.at(self.span(node, scope)) from None
        except PYTHON_ERRORS as error:
            reason = f"{type(error).__name__}: {error}"
            raise Problem("this statement", reason, refused=True).at(self.span(node, scope)) from None

    def _taint(self, statement: ast.stmt, scope: Scope, problem: Problem) -> None:
        """Whatever a statement may have bound or changed is not known."""
        for node in ast.walk(statement):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                scope.bind(node.name, Unknown(problem))
            elif isinstance(node, ast.alias):
                scope.bind((node.asname or node.name).split(".")[0], Unknown(problem))
            elif isinstance(node, ast.Name):
                changeable = isinstance(scope.values.get(node.id), (list, dict, set, ClassValue))
                if isinstance(node.ctx, ast.Store) or changeable:
                    scope.bind(node.id, Unknown(problem))

    def assumed(self, variable: str, default: Any, span: Span) -> None:
        """An environment variable has been taken to have its default."""
        if variable not in self._told:
            self._told.add(variable)
            how = "as if it were not set" if default is None else f"with its default, {default!r}"
            difference = f"it was compiled with the environment variable `{variable}`, and is read {how}"
            about = self.recorder.name if self.recorder else variable
            self.report.add(ChangedMeaning(span, TARGET, about, difference))

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.maybe(node.value, scope)
        for target in node.targets:
            if isinstance(value, Unknown) and not isinstance(target, ast.Name):
                raise value.problem
            self.assign(target, value, scope)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.maybe(node.value, scope), scope)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        load: ast.expr = ast.parse(ast.unparse(node.target), mode="eval").body
        expression = ast.copy_location(ast.BinOp(load, node.op, node.value), node)
        self.assign(node.target, self.evaluate(ast.fix_missing_locations(expression), scope), scope)

    def _define(self, node: ast.FunctionDef, scope: Scope) -> None:
        value: Any = self.function(node, scope)
        for decorator in reversed(node.decorator_list):
            call = Call(self, scope, [value], {}, self.span(decorator, scope))
            try:
                value = self.invoke(self.evaluate(decorator, scope), call)
            except Problem as problem:
                value = Unknown(problem.at(call.span))
                break
        scope.bind(node.name, value)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = [self.maybe(base, scope) for base in node.bases]
        inner = Scope(scope.module, scope)
        fields = {
            s.target.id: s.annotation
            for s in node.body
            if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
        }
        if Imported("typing.NamedTuple") in bases:
            types = {name: self.evaluate(annotation, scope) for name, annotation in fields.items()}
            scope.bind(node.name, kinds.NamedTupleType(node.name, types))
            return
        self.execute([s for s in node.body if not isinstance(s, ast.FunctionDef)], inner)
        artifact = next((base for base in bases if kinds.is_artifact_class(base)), None)
        if artifact is not None:
            titles = {
                name: inner.values.get(name, getattr(artifact, name)) for name in ("schema_title", "schema_version")
            }
            titles["__module__"] = (
                scope.module.name if scope.module.name != "__main__" else scope.module.source.path.stem
            )
            scope.bind(node.name, type(node.name, (artifact,), titles))
            return
        inherited: dict[str, Any] = {}
        for base in bases:
            inherited |= base.values if isinstance(base, ClassValue) else {}
        scope.bind(node.name, ClassValue(node.name, inherited | inner.values))

    def _if(self, node: ast.If, scope: Scope) -> None:
        self.execute(node.body if self.evaluate(node.test, scope) else node.orelse, scope)

    def _for(self, node: ast.For, scope: Scope) -> None:
        for value in self.iterate(self.evaluate(node.iter, scope)):
            self.assign(node.target, value, scope)
            try:
                self.execute(node.body, scope)
            except _Continue:
                continue
            except _Break:
                return
        self.execute(node.orelse, scope)

    def _while(self, node: ast.While, scope: Scope) -> None:
        for _ in range(_ROUNDS):
            if not self.evaluate(node.test, scope):
                self.execute(node.orelse, scope)
                return
            try:
                self.execute(node.body, scope)
            except _Continue:
                continue
            except _Break:
                return
        raise Problem("a `while` loop", "it is too long to be read")

    def _with(self, node: ast.With, scope: Scope) -> None:
        self._enter(node, 0, scope)

    def _enter(self, node: ast.With, index: int, scope: Scope) -> None:
        if index == len(node.items):
            self.execute(node.body, scope)
            return
        item = node.items[index]
        group = self.maybe(item.context_expr, scope)
        if isinstance(group, Unknown) and self.recorder is None:
            if item.optional_vars is not None:
                self.assign(item.optional_vars, group, scope)
            self._enter(node, index + 1, scope)
            return
        if isinstance(group, Unknown):
            raise group.problem
        if not isinstance(group, Group) or self.recorder is None:
            raise Problem(f"`with {ast.unparse(item.context_expr)}`", "it is no block of a pipeline")
        entered = self.recorder.enter(group)
        if item.optional_vars is not None:
            self.assign(item.optional_vars, entered, scope)
            group.variable = getattr(item.optional_vars, "id", None) if group.item is not None else None
        self._enter(node, index + 1, scope)
        self.recorder.leave(group)

    def _try(self, node: ast.Try, scope: Scope) -> None:
        self.execute([*node.body, *node.orelse, *node.finalbody], scope)

    def _return(self, node: ast.Return, scope: Scope) -> None:
        raise Returned(self.evaluate(node.value, scope) if node.value is not None else None)

    def _raise(self, node: ast.Raise, scope: Scope) -> None:
        raise refused(f"`{ast.unparse(node)}`", "this error is raised when the pipeline is compiled")

    def _assert(self, node: ast.Assert, scope: Scope) -> None:
        value = self.maybe(node.test, scope)
        if not isinstance(value, Unknown) and not value:
            raise refused(f"`{ast.unparse(node)}`", "it does not hold when the pipeline is compiled")

    def call_function(self, function: Function, values: list[Any], span: Span) -> Any:
        """Evaluate a function with positional arguments."""
        return self.run(function, Call(self, function.scope, values, {}, span))


def throw(error: Exception) -> None:
    """`raise` as an expression."""
    raise error


def void(value: Any) -> None:
    """Nothing is done with a value."""
