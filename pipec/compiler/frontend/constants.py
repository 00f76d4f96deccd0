"""Evaluation of pure expressions at build time: plain data only, no user code, bounded work."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from pipec.compiler.pysource.operators import BINARY, COMPARE, UNARY

PURE_BUILTINS = frozenset(
    [
        "len",
        "min",
        "max",
        "sum",
        "sorted",
        "reversed",
        "any",
        "all",
        "abs",
        "round",
        "range",
        "zip",
        "enumerate",
        "dict",
        "list",
        "tuple",
        "set",
        "str",
        "int",
        "float",
        "bool",
        "repr",
    ]
)
"""The builtins that a pipeline body may call (language, section 3)."""

_STR = (
    "capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha isascii "
)
_STR += "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip "
_STR += "partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines "
_STR += "startswith strip swapcase title translate upper zfill"
PURE_METHODS = frozenset([*_STR.split(), "index", "count", "get", "keys", "values", "items"])
"""The methods that a pipeline body may call: of `str`, `list.index/count`, `dict.get/keys/values/items`."""

_LIMIT = 100_000
"""Steps of evaluation, and elements or characters of a result, before an expression is left to run time."""

_CONVERSIONS: dict[str, Callable[[Any], str]] = {"s": str, "r": repr, "a": ascii}

Names: TypeAlias = Mapping[str, Any]
_PLAIN = (type(None), bool, int, float, str, bytes, list, tuple, dict, set, frozenset)


class NotConstantError(Exception):
    """The expression cannot be evaluated at build time; the text says why."""


def evaluate(node: ast.expr, names: Names | Callable[[str], Any]) -> Any:
    """The value of `node`, a fresh object; `names` maps (or resolves, raising `KeyError`) the free names.

    Raises `NotConstantError` for anything that is no pure expression over constants, that raises, or is too large.
    """
    lookup = names if callable(names) else names.__getitem__
    try:
        value = _Evaluator(lookup).value(node, {})
    except NotConstantError:
        raise
    except RecursionError:
        raise NotConstantError("it is too deeply nested") from None
    except Exception as error:  # the expression's own error: left to run time, where Python raises it too
        raise NotConstantError(f"it raises {type(error).__name__}: {error}") from None
    return _plain(value)


def _plain(value: Any) -> Any:
    if not isinstance(value, _PLAIN):
        if isinstance(value, (range, zip, enumerate, map, reversed)) or type(value).__name__.startswith("dict_"):
            raise NotConstantError("it is an iterator")
        raise NotConstantError(f"it is a {type(value).__name__}")
    return value


class _Evaluator:
    def __init__(self, lookup: Callable[[str], Any]) -> None:
        self.lookup = lookup
        self.steps = 0

    def value(self, node: ast.expr, scope: Names) -> Any:
        self.steps += 1
        if self.steps > _LIMIT:
            raise NotConstantError("it takes too long")
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise NotConstantError(f"`{ast.unparse(node)}` is no plain expression")
        value = method(node, scope)
        # what is written out, or the value of a name, is there already: no expression makes it
        return value if isinstance(node, (ast.Constant, ast.Name)) else self._sized(value)

    def _sized(self, value: Any) -> Any:
        large = (
            value.bit_length() > 8 * _LIMIT
            if isinstance(value, int)
            else isinstance(value, (str, bytes, list, tuple, dict, set, range)) and len(value) > _LIMIT
        )
        if large:
            raise NotConstantError("it is too large")
        return value

    def _constant(self, node: ast.Constant, scope: Names) -> Any:
        if node.value is Ellipsis or isinstance(node.value, complex):
            raise NotConstantError(f"`{node.value!r}` is no plain value")
        return node.value

    def _name(self, node: ast.Name, scope: Names) -> Any:
        if node.id in scope:
            return scope[node.id]
        try:
            return self.lookup(node.id)
        except KeyError:
            pass
        if node.id in PURE_BUILTINS:
            return getattr(builtins, node.id)
        raise NotConstantError(f"`{node.id}` is not known at build time")

    def _list(self, node: ast.List, scope: Names) -> Any:
        return list(self._elements(node.elts, scope))

    def _tuple(self, node: ast.Tuple, scope: Names) -> Any:
        return tuple(self._elements(node.elts, scope))

    def _set(self, node: ast.Set, scope: Names) -> Any:
        return set(self._elements(node.elts, scope))

    def _elements(self, nodes: list[ast.expr], scope: Names) -> Iterator[Any]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.value(node.value, scope)
            else:
                yield self.value(node, scope)

    def _dict(self, node: ast.Dict, scope: Names) -> Any:
        result: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values):
            if key is None:
                result.update(self.value(value, scope))
            else:
                result[self.value(key, scope)] = self.value(value, scope)
        return result

    def _unaryop(self, node: ast.UnaryOp, scope: Names) -> Any:
        return UNARY[type(node.op)](self.value(node.operand, scope))

    def _binop(self, node: ast.BinOp, scope: Names) -> Any:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if isinstance(node.op, ast.MatMult):
            raise NotConstantError("`@` is no plain operator")
        self._affordable(node.op, left, right)
        return BINARY[type(node.op)](left, right)

    def _affordable(self, op: ast.operator, left: Any, right: Any) -> None:
        """Refuse what would take all memory before its size can be seen."""
        bits = left.bit_length() if isinstance(left, int) else 64
        too_large = False
        if isinstance(op, ast.Pow) and isinstance(right, int):
            too_large = bits * abs(right) > 8 * _LIMIT
        elif isinstance(op, ast.LShift) and isinstance(right, int):
            too_large = bits + right > 8 * _LIMIT
        elif isinstance(op, ast.Mult):
            for sequence, times in ((left, right), (right, left)):
                if isinstance(sequence, (str, bytes, list, tuple)) and isinstance(times, int):
                    too_large = len(sequence) * times > _LIMIT
        elif isinstance(op, ast.Mod) and isinstance(left, (str, bytes)):
            raise NotConstantError("`%` formatting is left to run time")
        if too_large:
            raise NotConstantError("it is too large")

    def _boolop(self, node: ast.BoolOp, scope: Names) -> Any:
        stop = isinstance(node.op, ast.Or)
        value: Any = None
        for operand in node.values:
            value = self.value(operand, scope)
            if bool(value) is stop:
                break
        return value

    def _compare(self, node: ast.Compare, scope: Names) -> Any:
        left, result = self.value(node.left, scope), True
        for op, comparator in zip(node.ops, node.comparators):
            right = self.value(comparator, scope)
            result = COMPARE[type(op)](left, right)
            if not result:
                break
            left = right
        return result

    def _ifexp(self, node: ast.IfExp, scope: Names) -> Any:
        return self.value(node.body if self.value(node.test, scope) else node.orelse, scope)

    def _subscript(self, node: ast.Subscript, scope: Names) -> Any:
        return self.value(node.value, scope)[self.value(node.slice, scope)]

    def _slice(self, node: ast.Slice, scope: Names) -> Any:
        return slice(*(self.value(n, scope) if n else None for n in (node.lower, node.upper, node.step)))

    def _joinedstr(self, node: ast.JoinedStr, scope: Names) -> Any:
        return "".join(self.value(part, scope) for part in node.values)

    def _formattedvalue(self, node: ast.FormattedValue, scope: Names) -> Any:
        value = self.value(node.value, scope)
        if node.conversion != -1:
            value = _CONVERSIONS[chr(node.conversion)](value)
        spec = self.value(node.format_spec, scope) if node.format_spec else ""
        if sum(c.isdigit() for c in spec) > 4:
            raise NotConstantError("it is too large")
        return format(value, spec)

    def _lambda(self, node: ast.Lambda, scope: Names) -> Any:
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise NotConstantError("a lambda here takes plain parameters only")
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        defaults = [self.value(default, scope) for default in arguments.defaults]
        given = dict(zip(names[len(names) - len(defaults) :], defaults))
        return lambda *values: self.value(node.body, {**scope, **given, **dict(zip(names, values))})

    def _comprehension(self, generators: list[ast.comprehension], scope: Names) -> Iterator[Names]:
        if not generators:
            yield scope
            return
        first, *rest = generators
        for item in _ordered(self.value(first.iter, scope)):
            self.steps += 1
            if self.steps > _LIMIT:
                raise NotConstantError("it takes too long")
            inner = {**scope, **dict(_unpack(first.target, item))}
            if all(self.value(condition, inner) for condition in first.ifs):
                yield from self._comprehension(rest, inner)

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Names) -> Any:
        return [self.value(node.elt, inner) for inner in self._comprehension(node.generators, scope)]

    _generatorexp = _listcomp

    def _setcomp(self, node: ast.SetComp, scope: Names) -> Any:
        return set(self._listcomp(node, scope))

    def _dictcomp(self, node: ast.DictComp, scope: Names) -> Any:
        pairs = self._comprehension(node.generators, scope)
        return {self.value(node.key, inner): self.value(node.value, inner) for inner in pairs}

    def _call(self, node: ast.Call, scope: Names) -> Any:
        arguments = list(self._elements(node.args, scope))
        if any(k.arg is None for k in node.keywords):
            raise NotConstantError("`**` in a call is left to run time")
        keywords = {k.arg or "": self.value(k.value, scope) for k in node.keywords}
        match node.func:
            case ast.Name(id=name) if name in PURE_BUILTINS and name not in scope and self._is_builtin(name):
                if name not in _ORDER_FREE:
                    arguments = [_ordered(a) for a in arguments]
                return getattr(builtins, name)(*arguments, **keywords)
            case ast.Attribute(attr=method) if method in PURE_METHODS:
                owner = self.value(node.func.value, scope)
                if not isinstance(owner, (str, list, tuple, dict)):
                    raise NotConstantError(f"`{method}` of a {type(owner).__name__}")
                if method in ("center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "translate"):
                    raise NotConstantError(f"`{method}` is left to run time")
                if method == "replace" and len(owner) * sum(len(a) for a in arguments[1:2]) > _LIMIT:
                    raise NotConstantError("it is too large")
                return getattr(owner, method)(*arguments, **keywords)
        raise NotConstantError(f"`{ast.unparse(node.func)}` is not called at build time")

    def _is_builtin(self, name: str) -> bool:
        try:
            self.lookup(name)
        except KeyError:
            return True
        return False


_ORDER_FREE = frozenset(["len", "min", "max", "sum", "sorted", "any", "all", "set", "bool"])


def _ordered(value: Any) -> Any:
    """`value`, unless it is a set: its order differs between processes, and building must not depend on it."""
    if isinstance(value, (set, frozenset)):
        raise NotConstantError("the order of a set is not known")
    return value


def _unpack(target: ast.expr, value: Any) -> Iterator[tuple[str, Any]]:
    match target:
        case ast.Name():
            yield target.id, value
        case ast.Tuple() | ast.List():
            values = list(value)
            if len(values) != len(target.elts) or any(isinstance(e, ast.Starred) for e in target.elts):
                raise NotConstantError("the item does not unpack")
            for element, part in zip(target.elts, values):
                yield from _unpack(element, part)
        case _:
            raise NotConstantError("the target is no plain name")
