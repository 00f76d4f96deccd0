"""Pipeline functions rewritten so that step calls, loops and fields are observed; the rest of the module stays."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from pipec.ir import Block, ForEach, Group, Iteration, Pipeline, Span, Statement, Task, Try
from pipec.ir.graph import blocks, tasks, walk

Place = tuple[int, int, int, int]
"""Line and column of the beginning and of the end, as in `Span`."""

OBSERVER = "__pipec_observer__"
"""The global name under which rewritten functions find the observer."""


def place_of(span: Span) -> Place:
    """The place of an IR node."""
    return (span.line, span.column, span.end_line, span.end_column)


def iterations_of(node: Statement) -> tuple[Iteration, ...]:
    """The unrolled loops around a node, as far as it tells."""
    match node:
        case Task():
            return node.site.iterations
        case Group() | ForEach() | Try():
            return node.iterations
        case _:
            return ()


class Scope:
    """The calls and loops of one pipeline function, as called once: by place."""

    def __init__(self, block: Block) -> None:
        self.calls: dict[Place, list[Task | Group]] = {}
        self.loops: dict[Place, list[ForEach]] = {}
        self.tries: dict[Place, list[Try]] = {}
        self.unrolled: set[Place] = set()
        """Loops that were unrolled."""
        self.depths: dict[str, int] = {}
        """Id of a `Try` -> how many loops are around it."""
        self._fill(block, 0)

    def _fill(self, block: Block, depth: int) -> None:
        for node in block.nodes:
            self.unrolled.update(place_of(turn.span) for turn in iterations_of(node))
            if isinstance(node, (Task, Group)):
                self.calls.setdefault(place_of(node.span), []).append(node)
            elif isinstance(node, ForEach):
                self.loops.setdefault(place_of(node.span), []).append(node)
            elif isinstance(node, Try):
                self.tries.setdefault(place_of(node.span), []).append(node)
                self.depths[node.id] = depth
            if not isinstance(node, Group):
                for inner in blocks(node):
                    self._fill(inner, depth + isinstance(node, ForEach))


class Instrument:
    """Rewrites the pipeline functions of one pipeline, each once."""

    def __init__(self, pipeline: Pipeline, root: Path) -> None:
        self.root = root
        self.fields = any(isinstance(o.select, str) for task in tasks(pipeline) for o in task.outputs)
        self.places: dict[str, set[Place]] = {}
        for node in walk(pipeline.body):
            for turn in iterations_of(node):
                self.places.setdefault(turn.span.file, set()).add(place_of(turn.span))
            if isinstance(node, (Task, Group, ForEach, Try)):
                self.places.setdefault(node.span.file, set()).add(place_of(node.span))
        self._done: dict[CodeType, FunctionType] = {}

    def instrumented(self, function: Any, observer: object) -> FunctionType:
        """`function` with its calls and loops reported to `observer`."""
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        assert isinstance(function, FunctionType)
        if function.__code__ not in self._done:
            self._done[function.__code__] = self._rewritten(function, observer)
        return self._done[function.__code__]

    def _rewritten(self, function: FunctionType, observer: object) -> FunctionType:
        file = Path(function.__code__.co_filename)
        source = file.read_bytes()
        node = _definition(ast.parse(source, filename=str(file)), function)
        try:
            relative = file.resolve().relative_to(self.root).as_posix()
        except ValueError:
            relative = file.resolve().as_posix()
        rewriter = _Rewriter(self.places.get(relative, set()), _Columns(source), self.fields)
        node.body = [rewriter.visit(statement) for statement in node.body]
        node.decorator_list, node.returns = [], None
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            argument.annotation = None
        # only the number of defaults counts: the values are taken from the function itself
        arguments.defaults = [ast.copy_location(ast.Constant(None), d) for d in arguments.defaults]
        arguments.kw_defaults = [d and ast.copy_location(ast.Constant(None), d) for d in arguments.kw_defaults]
        module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
        namespace: dict[str, Any] = {}
        code = compile(module, str(file), "exec", dont_inherit=True)
        function.__globals__[OBSERVER] = observer
        exec(code, function.__globals__, namespace)  # noqa: S102  # the user's own function, in its own module
        made = namespace[node.name]
        assert isinstance(made, FunctionType)
        made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
        return made


def _definition(tree: ast.Module, function: FunctionType) -> ast.FunctionDef:
    """The definition of `function`, whose code starts at its first decorator."""
    line = function.__code__.co_firstlineno
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function.__code__.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= line <= node.lineno:
                return node
    raise LookupError(f"{function.__name__} is not in {function.__code__.co_filename}")


class _Columns:
    """Byte offsets of the syntax tree as columns in characters, counted from 1."""

    def __init__(self, source: bytes) -> None:
        self._lines = source.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")

    def place(self, node: ast.expr | ast.stmt) -> Place:
        end_line = node.end_lineno or node.lineno
        return (
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, node.end_col_offset or 0),
        )

    def _column(self, line: int, offset: int) -> int:
        return len(self._lines[line - 1][:offset].decode(errors="replace")) + 1


class _Rewriter(ast.NodeTransformer):
    def __init__(self, places: Iterable[Place], columns: _Columns, fields: bool) -> None:
        self.places, self.columns, self.fields = set(places), columns, fields

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`f(a, k=b)` -> `observer.call(place, f, lambda: ((a,), {"k": b}))`."""
        place = self.columns.place(node)
        self.generic_visit(node)
        if place not in self.places:
            return node
        keys: list[ast.expr | None] = [ast.Constant(k.arg) if k.arg else None for k in node.keywords]
        values = ast.Tuple(
            [ast.Tuple(node.args, ast.Load()), ast.Dict(keys, [k.value for k in node.keywords])], ast.Load()
        )
        arguments = ast.Lambda(ast.arguments([], [], None, [], [], None, []), values)
        return _observed("call", [_constant(place), node.func, arguments], node)

    def visit_For(self, node: ast.For) -> ast.AST:
        """`for x in xs:` -> `for x in observer.loop(place, 0, xs):`."""
        place = self.columns.place(node)
        self.generic_visit(node)
        if place in self.places:
            node.iter = _observed("loop", [_constant(place), ast.Constant(0), node.iter], node.iter)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """A handler, and a `finally` part, tell first that they were entered."""
        place = self.columns.place(node)
        self.generic_visit(node)
        if place in self.places:
            parts = [("caught", handler.body) for handler in node.handlers] + [("left", node.finalbody)]
            for method, body in parts:
                if body:
                    told = _observed(method, [_constant(place)], body[0])
                    body.insert(0, ast.copy_location(ast.Expr(told), body[0]))
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        """`[... for x in xs if c]` -> `[... for x in observer.loop(place, 0, [x for x in xs if c])]`."""
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        """As a list comprehension."""
        return self._comprehension(node)

    def _comprehension(self, node: ast.ListComp | ast.DictComp) -> ast.AST:
        place = self.columns.place(node)
        self.generic_visit(node)
        if place not in self.places:
            return node
        for i, generator in enumerate(node.generators):
            items = generator.iter
            if generator.ifs:
                inner = ast.comprehension(copy.deepcopy(generator.target), items, generator.ifs, 0)
                items = ast.copy_location(ast.ListComp(_loaded(generator.target), [inner]), items)
                generator.ifs = []
            generator.iter = _observed("loop", [_constant(place), ast.Constant(i), items], generator.iter)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`x.field` -> `observer.field(x, "field")`, where fields of results are read at all."""
        self.generic_visit(node)
        if not self.fields or not isinstance(node.ctx, ast.Load):
            return node
        return _observed("field", [node.value, ast.Constant(node.attr)], node)


def _constant(place: Place) -> ast.expr:
    return ast.Tuple([ast.Constant(n) for n in place], ast.Load())


def _observed(method: str, arguments: list[ast.expr], place: ast.expr | ast.stmt) -> ast.Call:
    function = ast.Attribute(ast.Name(OBSERVER, ast.Load()), method, ast.Load())
    return ast.copy_location(ast.Call(function, arguments, []), place)


def _loaded(target: ast.expr) -> ast.expr:
    """A loop target as an expression."""
    found = copy.deepcopy(target)
    for node in ast.walk(found):
        if hasattr(node, "ctx"):
            node.ctx = ast.Load()
    return found
