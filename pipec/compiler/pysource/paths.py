"""Paths and text files that expressions over `__file__` name, found without running them."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

Value: TypeAlias = Path | str | None
"""What part of such an expression is: a path, or text that is one or becomes part of one, or says how to read."""

_DEEPEST = 20
"""Names and calls that are followed one through the other."""
_STEPS = 500
"""Parts of expressions that are looked at for one path; those that people write have a few dozen."""


class UnknownPathError(Exception):
    """The expression names no path that is known when the pipeline is built."""


_FAILURES = (UnknownPathError, ValueError, TypeError, LookupError, OSError, RecursionError)
"""What evaluating an expression raises that is no path, or one that is wrong."""


class Names(Protocol):
    """What names mean where an expression stands."""

    @property
    def file(self) -> Path:
        """The file that it stands in: `__file__`."""
        ...

    def external(self, node: ast.expr) -> str | None:
        """The dotted name of what a name means, where that is Python's own: "os.path.join", "pathlib.Path", "str"."""
        ...

    def defined(self, node: ast.expr) -> tuple[Names, ast.AST] | None:
        """What a name is bound to for good, an expression or a function, and what names mean there."""
        ...


@dataclass(frozen=True)
class Reading:
    """A text file that is read as a whole."""

    path: Path
    encoding: str | None = None
    errors: str | None = None
    newline: str | None = None


@dataclass(frozen=True)
class _Inside:
    """What names mean in a function that is called: its parameters and locals first."""

    outer: Names
    values: Mapping[str, tuple[Value, bool]]
    """Each with whether it depends on `__file__`."""
    imports: Mapping[str, str]
    """Local name -> what it is imported from."""
    bound: frozenset[str]

    @property
    def file(self) -> Path:
        return self.outer.file

    def external(self, node: ast.expr) -> str | None:
        root, rest = _dotted(node)
        if root in self.imports:
            return ".".join([self.imports[root], *rest])
        return None if root in self.bound else self.outer.external(node)

    def defined(self, node: ast.expr) -> tuple[Names, ast.AST] | None:
        return None if _dotted(node)[0] in self.bound else self.outer.defined(node)


def reading(node: ast.expr, names: Names, depth: int = 0) -> Reading | None:
    """The text file that `node` reads, as `Path(...).read_text()` and `open(...).read()` do, or a function with these.

    `None` where it reads none. Raises `UnknownPathError` where how it reads is not known.
    """
    match node:
        case ast.Call(func=ast.Name() | ast.Attribute()) if depth < _DEEPEST and (called := _entered(node, names)):
            return _returned(*called, depth + 1)
        case ast.Call(func=ast.Attribute(value=owner, attr="read_text")):
            path = _path(owner, names)
            return Reading(path, **_options(node, ("encoding", "errors", "newline"), names)) if path else None
        case ast.Call(func=ast.Attribute(value=owner, attr="read"), args=[], keywords=[]):
            return opened(owner, names)
    return None


def _entered(call: ast.Call, names: Names) -> tuple[_Inside, ast.stmt] | None:
    """The last statement of the small function that `call` calls, and what names mean there."""
    try:
        return _Evaluator(names).entered(call)
    except _FAILURES:
        return None


def _returned(names: _Inside, last: ast.stmt, depth: int) -> Reading | None:
    """The text file that a function reads in its last statement."""
    match last:
        case ast.Return(value=ast.expr() as value):
            return reading(value, names, depth)
        case ast.With(
            items=[ast.withitem(context_expr=context, optional_vars=ast.Name(id=file))],
            body=[ast.Return(value=ast.Call(func=ast.Attribute(value=ast.Name(id=read), attr="read"), args=[]))],
        ) if file == read:
            return opened(context, names)
    return None


def opened(node: ast.expr, names: Names, binary: bool = False) -> Reading | None:
    """The text file that `node` opens for reading: `open(...)`, `Path(...).open()`.

    `binary`: for who takes bytes, and reads them as UTF-8.
    """
    options = ("mode", "buffering", "encoding", "errors", "newline")
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="open"), args=rest) if _path(owner, names) is not None:
            first = owner
        case ast.Call(func=function, args=[first, *rest]) if names.external(function) in ("open", "io.open"):
            pass
        case _:
            return None
    path = _path(first, names)
    if path is None:
        return None
    given = _options(ast.Call(node.func, rest, node.keywords), options, names)
    mode = given.pop("mode", "r")
    if binary and mode in ("rb", "br") and not given:
        return Reading(path, "utf-8", newline="")
    if binary or mode not in ("r", "rt", "tr"):
        raise UnknownPathError("it is not opened to read text")
    if "buffering" in given:
        raise UnknownPathError("its `buffering` is not known")
    return Reading(path, **given)


def path_of(node: ast.expr, names: Names) -> tuple[Value, bool] | None:
    """The path or text that `node` is, and whether it depends on `__file__`; `None` where that is not known."""
    evaluator = _Evaluator(names)
    try:
        return evaluator.value(node), bool(evaluator.anchors)
    except _FAILURES:
        return None


def _path(node: ast.expr, names: Names) -> Path | None:
    """The path that `node` makes of `__file__`.

    Another one depends on where Python was started, or is the machine's own, and is read where the code runs.
    """
    found, anchored = path_of(node, names) or ("", False)
    return Path(found) if anchored and found is not None and os.path.isabs(found) and "\0" not in str(found) else None


def _options(call: ast.Call, order: tuple[str, ...], names: Names) -> dict[str, str]:
    """The arguments of `call` that say how to read."""
    given = dict(zip(order, call.args)) | {k.arg or "**": k.value for k in call.keywords}
    if len(call.args) > len(order) or not given.keys() <= {*order}:
        raise UnknownPathError("its arguments are not known")
    found: dict[str, str] = {}
    for name, node in given.items():
        value, _ = path_of(node, names) or (Path(), False)
        if isinstance(value, Path):
            raise UnknownPathError(f"its `{name}` is not written out")
        if value is not None:
            found[name] = value
    return found


@dataclass
class _Evaluator:
    names: Names
    depth: int = 0
    open: set[int] = field(default_factory=set)
    """Expressions and functions that are being looked at."""
    anchors: list[Path] = field(default_factory=list)
    """Files whose `__file__` the value is made of."""
    steps: Iterator[int] = field(default_factory=lambda: iter(range(_STEPS)))
    """What is left of `_STEPS`."""

    def value(self, node: ast.expr) -> Value:
        """The value of `node`. Raises `UnknownPathError`, or what the path's own methods raise."""
        if next(self.steps, None) is None:
            raise UnknownPathError("it is too long")
        match node:
            case ast.Constant(value=(str() | None) as text):
                return text
            case ast.Name(id="__file__") if self.names.external(node) == "__file__":
                self.anchors.append(self.names.file)
                return str(self.names.file)
            case ast.Name(id=name) if isinstance(self.names, _Inside) and name in self.names.values:
                value, anchored = self.names.values[name]
                self.anchors += [self.names.file] if anchored else []
                return value
            case ast.JoinedStr(values=parts):
                return "".join(map(self._part, parts))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                ends = self.value(left), self.value(right)
                if any(isinstance(end, Path) for end in ends):
                    return _made(*ends)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                texts = self.value(left), self.value(right)
                if all(isinstance(text, str) for text in texts):
                    return "".join(map(str, texts))
            case ast.Subscript(value=ast.Attribute(value=owner, attr="parents"), slice=ast.Constant(value=int(index))):
                return self._as_path(owner).parents[index]
            case ast.Call():
                return self._call(node)
            case ast.Name() | ast.Attribute():
                return self._named(node)
        raise UnknownPathError(f"`{ast.unparse(node)}` is no path")

    def _as_path(self, node: ast.expr) -> Path:
        found = self.value(node)
        if not isinstance(found, Path):
            raise UnknownPathError(f"`{ast.unparse(node)}` is no path")
        return found

    def _part(self, node: ast.expr) -> str:
        """A part of an f-string."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return str(self.value(inner))
        raise UnknownPathError(f"`{ast.unparse(node)}` is no path")

    def _named(self, node: ast.Name | ast.Attribute) -> Value:
        found = self.names.defined(node)
        if found is not None and isinstance(found[1], ast.expr):
            return self._there(found[0], found[1]).value(found[1])
        if found is None and isinstance(node, ast.Attribute) and node.attr in _PARTS:
            return _PARTS[node.attr](self._as_path(node.value))
        raise UnknownPathError(f"`{ast.unparse(node)}` is not known")

    def _there(self, names: Names, node: ast.AST) -> _Evaluator:
        if id(node) in self.open or self.depth >= _DEEPEST:
            raise UnknownPathError("it refers to itself")
        return _Evaluator(names, self.depth + 1, self.open | {id(node)}, self.anchors, self.steps)

    def _call(self, node: ast.Call) -> Value:
        if (entered := self.entered(node)) is not None:
            inside, last = entered
            if not isinstance(last, ast.Return) or last.value is None:
                raise UnknownPathError(f"`{ast.unparse(node.func)}` does more than to put a path together")
            return self._there(inside, last).value(last.value)
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            keywords = {k.arg for k in node.keywords}
            if not (isinstance(node.func, ast.Attribute) and node.func.attr == "resolve" and keywords == {"strict"}):
                raise UnknownPathError("its arguments are not written out")
        function = self.names.external(node.func)
        if function is not None:
            if function not in _FUNCTIONS:
                raise UnknownPathError(f"`{function}` is not called when the pipeline is built")
            return _FUNCTIONS[function](*map(self.value, node.args))
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            return _METHODS[node.func.attr](self._as_path(node.func.value), *map(self.value, node.args))
        raise UnknownPathError(f"`{ast.unparse(node.func)}` is not called when the pipeline is built")

    def entered(self, call: ast.Call) -> tuple[_Inside, ast.stmt] | None:
        """What `call` comes to where it calls a function: the first statement that does more than to bind a name.

        `None` where it calls none. Raises `UnknownPathError` where what the function binds is not known.
        """
        names, function = self.names.defined(call.func) or (self.names, call)
        if not isinstance(function, ast.FunctionDef) or not _is_small(function):
            return None
        values, imports = self._bind(call, function, names), dict[str, str]()
        bound = frozenset([*values, *_bound(function)])
        for statement in function.body:
            inside = _Inside(names, values, imports, bound)
            match statement:
                case ast.Expr(value=ast.Constant()):
                    continue
                case ast.Import() | ast.ImportFrom():
                    imports |= dict(_imported(statement))
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[name] = self._there(inside, function)._known(value)
                case _:
                    return inside, statement
        return None

    def _bind(self, call: ast.Call, function: ast.FunctionDef, names: Names) -> dict[str, tuple[Value, bool]]:
        """The parameters of `function` as `call` gives them."""
        arguments = function.args
        parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        plain = not (arguments.vararg or arguments.kwarg or function.decorator_list)
        positional = dict(zip(parameters[: len(parameters) - len(arguments.kwonlyargs)], call.args))
        given = {k.arg or "**": k.value for k in call.keywords}
        if not plain or len(positional) < len(call.args) or not given.keys() <= {*parameters} - positional.keys():
            raise UnknownPathError(f"`{function.name}` is not called when the pipeline is built")
        values = {name: self._known(node) for name, node in (positional | given).items()}
        places = [a.arg for a in (*arguments.posonlyargs, *arguments.args)][-len(arguments.defaults) or None :]
        defaults = dict(zip(places, arguments.defaults)) if arguments.defaults else {}
        defaults |= {a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults) if d is not None}
        for name in parameters:
            if name not in values:
                values[name] = self._there(names, function)._known(defaults[name])
        return values

    def _known(self, node: ast.expr) -> tuple[Value, bool]:
        """The value of `node`, and whether it depends on `__file__`."""
        evaluator = _Evaluator(self.names, self.depth, self.open, steps=self.steps)
        return evaluator.value(node), bool(evaluator.anchors)


def _is_small(function: ast.FunctionDef) -> bool:
    """Whether a function only binds names before its last statement."""
    *before, last = function.body
    plain = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)
    return isinstance(last, (ast.Return, ast.With)) and all(isinstance(statement, plain) for statement in before)


def _bound(function: ast.FunctionDef) -> Iterator[str]:
    """The names that a small function binds besides its parameters."""
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Import() | ast.ImportFrom():
                yield from dict(_imported(node))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for one in node.names:
        if isinstance(node, ast.Import):
            top = one.name.split(".")[0]
            yield (one.asname, one.name) if one.asname else (top, top)
        elif not node.level and node.module:
            yield one.asname or one.name, f"{node.module}.{one.name}"


def _dotted(node: ast.expr) -> tuple[str, list[str]]:
    """The name that a chain of attributes starts with, and the attributes; "" where it starts with something else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return (node.id if isinstance(node, ast.Name) else ""), parts


def _made(*parts: Value) -> Path:
    if None in parts:
        raise UnknownPathError("`None` is no path")
    return Path(*(part for part in parts if part is not None))


_PARTS: dict[str, Callable[[Path], Value]] = {
    "parent": lambda path: path.parent,
    "name": lambda path: path.name,
    "stem": lambda path: path.stem,
    "suffix": lambda path: path.suffix,
}
_METHODS: dict[str, Callable[..., Value]] = {
    "resolve": lambda path: path.resolve(),
    "absolute": lambda path: path.absolute(),
    "with_name": lambda path, name: path.with_name(name),
    "with_suffix": lambda path, suffix: path.with_suffix(suffix),
    "with_stem": lambda path, stem: path.with_stem(stem),
    "joinpath": lambda path, *more: path.joinpath(*more),
    "as_posix": lambda path: path.as_posix(),
    "__str__": str,
}
_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "pathlib.Path": _made,
    "pathlib.PosixPath": _made,
    "str": str,
    "os.fspath": os.fspath,
    "os.path.abspath": os.path.abspath,
    "os.path.basename": os.path.basename,
    "os.path.dirname": os.path.dirname,
    "os.path.join": os.path.join,
    "os.path.normpath": os.path.normpath,
    "os.path.realpath": os.path.realpath,
}
