"""Expressions of the file that is read, evaluated as far as they have a static value."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Any

from pipec.backends.kfp.reading.dsl import attributes, channels, pythonic
from pipec.backends.kfp.reading.dsl.attributes import text_of
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.invoking import Invoking
from pipec.backends.kfp.reading.dsl.problems import PYTHON_ERRORS, Problem, Unknown, refused
from pipec.backends.kfp.reading.dsl.scope import Scope
from pipec.compiler.pysource.operators import BINARY, COMPARE, UNARY
from pipec.ir import Span

_STEPS = 400_000
"""How much is evaluated for one file before it counts as a program, not as a description of pipelines."""
_LARGE = 100_000

_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
"""The comparisons of values of the run that there are."""


class Expressions(Invoking):
    """Evaluates expressions; calls are in `Invoking`."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self._handlers: dict[type[ast.AST], Callable[[Any, Scope], Any]] = {
            ast.Constant: lambda node, scope: node.value,
            ast.Name: self._name,
            ast.Attribute: lambda node, scope: attributes.attribute(self.evaluate(node.value, scope), node.attr),
            ast.Subscript: self._subscript,
            ast.Call: self._call,
            ast.BinOp: self._binary,
            ast.UnaryOp: lambda node, scope: UNARY[type(node.op)](self.evaluate(node.operand, scope)),
            ast.BoolOp: self._boolean,
            ast.Compare: self._compare,
            ast.IfExp: lambda n, s: self.evaluate(n.body if self.evaluate(n.test, s) else n.orelse, s),
            ast.JoinedStr: lambda node, scope: "".join(self._part(part, scope) for part in node.values),
            ast.List: lambda node, scope: list(self._elements(node.elts, scope)),
            ast.Tuple: lambda node, scope: tuple(self._elements(node.elts, scope)),
            ast.Set: lambda node, scope: set(self._elements(node.elts, scope)),
            ast.Dict: self._dict,
            ast.ListComp: lambda n, s: [self.evaluate(n.elt, inner) for inner in self._rounds(n.generators, s)],
            ast.GeneratorExp: lambda n, s: [self.evaluate(n.elt, inner) for inner in self._rounds(n.generators, s)],
            ast.SetComp: lambda n, s: {self.evaluate(n.elt, inner) for inner in self._rounds(n.generators, s)},
            ast.DictComp: lambda n, s: {
                self.evaluate(n.key, inner): self.evaluate(n.value, inner) for inner in self._rounds(n.generators, s)
            },
            ast.Lambda: lambda node, scope: self.function(node, scope),
            ast.NamedExpr: self._walrus,
            ast.Slice: self._slice,
        }

    def evaluate(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an expression; raises `Problem` where it has none that is known."""
        self.steps += 1
        if self.steps > _STEPS:
            raise Problem("this file", "it computes too much for its pipelines to be read").at(self.span(node, scope))
        handler = self._handlers.get(type(node))
        try:
            if handler is None:
                raise Problem(f"`{ast.unparse(node)}`", "it has no value before the pipeline runs")
            return handler(node, scope)
        except Problem as problem:
            raise problem.at(self.span(node, scope)) from None
        except PYTHON_ERRORS as error:
            reason = f"{type(error).__name__}: {error}"
            raise Problem(_short(node), reason, refused=True).at(self.span(node, scope)) from None

    def span(self, node: ast.AST, scope: Scope) -> Span:
        """Where `node` stands."""
        return scope.module.source.span(node)

    def function(self, node: ast.FunctionDef | ast.Lambda, scope: Scope) -> Function:
        """A `def` or `lambda` as a value."""
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        given = list(zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults))
        given += [(one, default) for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults) if default]
        defaults = {one.arg: self.maybe(default, scope) for one, default in given}
        return Function(node, scope, scope.module.source, defaults, self.evaluate)

    def maybe(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an expression, or `Unknown` where evaluating it has done nothing to the pipeline."""
        before = self.recorder.changes if self.recorder else 0
        try:
            return self.evaluate(node, scope)
        except Problem as problem:
            aside = self.is_aside(node, scope)
            if self.recorder is not None and (not aside or self.recorder.changes != before):
                raise  # a task may be missing
            return Unknown(problem, aside)

    def is_aside(self, node: ast.AST, scope: Scope) -> bool:
        """Whether evaluating `node` cannot make tasks: it has to do with plain values and Python's own library only."""
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        return all(_is_plain(scope.peek(name)) if scope.has(name) else hasattr(builtins, name) for name in names)

    def iterate(self, value: Any) -> list[Any]:
        """The elements of something that a loop at compile time goes over."""
        if isinstance(value, Channel):
            reason = "its length is not known before the pipeline runs; `with dsl.ParallelFor(...)` loops over it"
            raise refused(f"a loop over `{value.name}`", reason)
        if isinstance(value, (set, frozenset)):
            return sorted(value, key=repr)
        if not isinstance(value, Iterable) or isinstance(value, Imported):
            raise refused("a loop", f"it is over a {type(value).__name__}")
        found = []
        for one in value:
            found.append(one)
            if len(found) > _LARGE:
                raise Problem("a loop", "it is too long to be read")
        return found

    def _name(self, node: ast.Name, scope: Scope) -> Any:
        try:
            return scope.find(node.id)
        except KeyError:
            if node.id in self.builtins:
                return self.builtins[node.id]
            advice = Imported(node.id).advice if hasattr(builtins, node.id) else ""
            reason = "nothing in this file gives it a value" if not advice else "it is not run when the file is read"
            raise Problem(f"`{node.id}`", reason, advice) from None

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        value, index = self.evaluate(node.value, scope), self.evaluate(node.slice, scope)
        if isinstance(value, Imported):
            reason = f"`{value.path}` is not run when the file is read"
            raise Problem(f"`{ast.unparse(node)}`", reason, value.advice)
        if isinstance(value, Channel):
            if isinstance(value, channels.LoopParameter) and isinstance(index, str):
                return value.field(index)
            raise refused(f"`{ast.unparse(node)}`", "a value of the run cannot be taken apart in a pipeline")
        return value[index]

    def _slice(self, node: ast.Slice, scope: Scope) -> slice:
        return slice(
            *(None if one is None else self.evaluate(one, scope) for one in (node.lower, node.upper, node.step))
        )

    def _binary(self, node: ast.BinOp, scope: Scope) -> Any:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        if isinstance(node.op, ast.Mult) and any(isinstance(one, (str, list, tuple, bytes)) for one in (left, right)):
            if max(one if isinstance(one, int) else len(one) for one in (left, right)) > _LARGE:
                raise Problem(_short(node), "it is too large to be read")
        if isinstance(node.op, (ast.Pow, ast.LShift)) and isinstance(right, int) and right > 1024:
            raise Problem(_short(node), "it is too large to be read")
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            right = tuple(map(_formatted, right)) if isinstance(right, tuple) else _formatted(right)
        if isinstance(left, Channel) or isinstance(right, Channel):
            raise refused(_short(node), "a pipeline cannot compute with values of the run; a component can")
        return BINARY[type(node.op)](left, right)

    def _boolean(self, node: ast.BoolOp, scope: Scope) -> Any:
        value: Any = None
        for one in node.values:
            value = self.evaluate(one, scope)
            if bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def _compare(self, node: ast.Compare, scope: Scope) -> Any:
        left, value = self.evaluate(node.left, scope), True
        for sign, comparator in zip(node.ops, node.comparators):
            right = self.evaluate(comparator, scope)
            symbol = _SYMBOLS.get(type(sign), "")
            if isinstance(right, Imported) and not symbol:
                right = self._members(node, right, left, scope)
            if symbol and (isinstance(left, Channel) or isinstance(right, Channel)):
                value = channels.compare(symbol, left, right)  # type: ignore[assignment]  # the SDK's `==` gives this
            else:
                value = COMPARE[type(sign)](left, right)
            if not value:
                return value
            left = right
        return value

    def _members(self, node: ast.Compare, library: Imported, member: Any, scope: Scope) -> Any:
        """What `in` looks into. An environment variable is taken as not set, and that is told."""
        if library.path != "os.environ":
            return library
        self.assumed(str(member), None, self.span(node, scope))
        return ()

    def _part(self, part: ast.expr, scope: Scope) -> str:
        if not isinstance(part, ast.FormattedValue):
            return str(self.evaluate(part, scope))
        value = self.evaluate(part.value, scope)
        if part.conversion == ord("r"):
            value = repr(_formatted(value))
        elif part.conversion == ord("s"):
            value = text_of(value)
        how = self.evaluate(part.format_spec, scope) if part.format_spec else ""
        if any(int(number) > 1000 for number in "".join(c if c.isdigit() else " " for c in how).split()):
            raise Problem(_short(part), "it is too long to be read")
        if how and isinstance(value, Channel):
            raise refused(_short(part.value), "a value of the run cannot be formatted in a pipeline")
        return format(_formatted(value), how) if how else text_of(value)

    def _elements(self, nodes: Iterable[ast.expr], scope: Scope) -> Iterator[Any]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.iterate(self.evaluate(node.value, scope))
            else:
                yield self.evaluate(node, scope)

    def _dict(self, node: ast.Dict, scope: Scope) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values):
            if key is None:
                found |= self.evaluate(value, scope)
            else:
                found[self.evaluate(key, scope)] = self.evaluate(value, scope)
        return found

    def _rounds(self, generators: list[ast.comprehension], scope: Scope) -> Iterator[Scope]:
        if not generators:
            yield scope
            return
        first, *others = generators
        for one in self.iterate(self.evaluate(first.iter, scope)):
            inner = Scope(scope.module, scope)
            self.assign(first.target, one, inner)
            if all(self.evaluate(test, inner) for test in first.ifs):
                yield from self._rounds(others, inner)

    def _walrus(self, node: ast.NamedExpr, scope: Scope) -> Any:
        value = self.evaluate(node.value, scope)
        scope.bind(node.target.id, value)
        return value

    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Give a target of an assignment its value."""
        match target:
            case ast.Name():
                scope.bind(target.id, value)
                self.named(target.id, value)
            case ast.Tuple() | ast.List():
                self._unpack(target.elts, self.iterate(value), scope)
            case ast.Subscript():
                self.evaluate(target.value, scope)[self.evaluate(target.slice, scope)] = value
            case ast.Attribute():
                attributes.assign(self.evaluate(target.value, scope), target.attr, value)
            case _:
                raise Problem(f"`{ast.unparse(target)}`", "it cannot be read as a target of an assignment")

    def _unpack(self, targets: list[ast.expr], values: list[Any], scope: Scope) -> None:
        starred = next((i for i, one in enumerate(targets) if isinstance(one, ast.Starred)), None)
        if starred is not None:
            tail = len(targets) - starred - 1
            middle = values[starred : len(values) - tail]
            values = [*values[:starred], middle, *values[len(values) - tail :]]
        if len(values) != len(targets):
            raise ValueError(f"{len(values)} values for {len(targets)} names")
        for target, value in zip(targets, values):
            self.assign(target.value if isinstance(target, ast.Starred) else target, value, scope)


def _is_plain(value: Any) -> bool:
    """Whether a value has nothing to do with the tasks of a pipeline."""
    if isinstance(value, Unknown):
        return value.aside
    if isinstance(value, Imported):
        return value.is_standard
    if isinstance(value, (list, tuple, set)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return value is None or isinstance(value, (str, int, float, bytes, Channel, PurePath, type, pythonic.Function))


def _formatted(value: Any) -> Any:
    """A value that goes into a text: numbers stay as they are, so that formats apply."""
    return value if isinstance(value, (int, float, str)) else text_of(value)


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"
