"""Values of decorators' arguments that are not written out there, but known: constants, and functions of these."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading.included import ModuleNames
from pipec.backends.metaflow.reading.syntax import literal

MAJOR = {"platform.python_version_tuple()[0]": "3", "sys.version_info[0]": 3, "sys.version_info.major": 3}
"""What is the same wherever a flow is deployed that Metaflow runs with any version of Python that there still is."""
_DEEPEST = 20
_LARGEST = 2**53
_LONGEST = 1000
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}  # fmt: skip


def known(node: ast.expr, names: ModuleNames) -> tuple[bool, object]:
    """Whether the value of `node` is known, and what it is."""
    try:
        return True, _Evaluator(names).value(node)
    except (_UnknownError, LookupError, TypeError, ArithmeticError, RecursionError):
        return False, None


class _UnknownError(Exception):
    pass


@dataclass(frozen=True)
class _Evaluator:
    names: ModuleNames
    values: Mapping[str, object] = field(default_factory=dict)
    """Local variables of a function."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """What a function imports itself."""
    depth: int = 0

    def value(self, node: ast.expr) -> object:
        """The value; raises `_UnknownError`, or what the expression raises."""
        written, value = literal(node)
        if written:
            return value
        match node:
            case ast.Name(id=name) if name in self.values:
                return self.values[name]
            case ast.Name():
                return self._constant(node)
            case ast.Subscript() | ast.Attribute() if (major := self._major(node)) is not None:
                return major
            case ast.Subscript(value=owner, slice=ast.expr() as key):
                found, at = self.value(owner), self.value(key)
                if isinstance(found, (list, tuple)) and isinstance(at, int):
                    return found[at]
                if isinstance(found, dict):
                    return found[at]
            case ast.Dict(keys=keys, values=values) if None not in keys:
                return {self.value(k): self.value(v) for k, v in zip(keys, values) if k is not None}
            case ast.List(elts=elements):
                return [self.value(e) for e in elements]
            case ast.Tuple(elts=elements):
                return tuple(self.value(e) for e in elements)
            case ast.BinOp(left=left, op=op, right=right):
                return self._computed(self.value(left), op, self.value(right))
            case ast.Call(func=ast.Name() as function, args=[], keywords=[]) if function.id not in self.values:
                return self._returned(function)
        raise _UnknownError

    def _constant(self, name: ast.Name) -> object:
        _, found = self.names.defined(name) or (None, None)
        if name.id in self.imports or not isinstance(found, ast.expr) or self.depth >= _DEEPEST:
            raise _UnknownError
        value = _Evaluator(self.names, depth=self.depth + 1).value(found)
        if not isinstance(value, (int, float, str, bool, tuple, type(None))):  # others may be changed meanwhile
            raise _UnknownError
        return value

    def _major(self, node: ast.expr) -> object:
        """The major version of Python."""
        root = node
        while isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
            root = root.func if isinstance(root, ast.Call) else root.value
        if not isinstance(root, ast.Name):
            return None
        module = self.imports.get(root.id) or self.names.external(root)
        text = ast.unparse(node)
        return MAJOR.get(f"{module}{text.removeprefix(root.id)}")

    def _computed(self, left: object, op: ast.operator, right: object) -> object:
        if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Add):
            if len(left) + len(right) < _LONGEST:
                return left + right
        elif isinstance(left, (int, float)) and isinstance(right, (int, float)) and type(op) in _OPERATORS:
            found = _OPERATORS[type(op)](left, right)
            if abs(found) < _LARGEST:
                return found
        raise _UnknownError

    def _returned(self, name: ast.Name) -> object:
        """What a function without parameters returns that does nothing besides."""
        _, function = self.names.defined(name) or (None, None)
        if not isinstance(function, ast.FunctionDef) or function.decorator_list or self.depth >= _DEEPEST:
            raise _UnknownError
        if ast.unparse(function.args):
            raise _UnknownError
        values, imports = dict[str, object](), dict[str, str]()
        for statement in function.body:
            inside = _Evaluator(self.names, values, imports, self.depth + 1)
            match statement:
                case ast.Expr(value=ast.Constant()):
                    continue
                case ast.Import(names=modules):
                    imports |= {one.asname or one.name: one.name for one in modules}
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target not in imports:
                    values[target] = inside.value(value)
                case ast.Return(value=ast.expr() as value):
                    return inside.value(value)
                case _:
                    break
        raise _UnknownError
