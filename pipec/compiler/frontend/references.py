"""Which module-level names a statement mentions, and when it needs them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.compiler.frontend.bindings import checks_types


@dataclass
class References:
    """Free names of one top-level statement, in order of first mention."""

    eager: dict[str, ast.AST] = field(default_factory=dict)
    """Needed when the statement runs: name -> first place."""
    lazy: dict[str, ast.AST] = field(default_factory=dict)
    """Needed when the function or class is used."""
    annotation: dict[str, ast.AST] = field(default_factory=dict)
    """Mentioned in annotations only (and not also elsewhere)."""
    annotated: frozenset[str] = frozenset()
    """Mentioned in annotations, and perhaps elsewhere."""
    dotted: set[str] = field(default_factory=set)
    """Dotted chains that start with a free name, such as "features.clean"."""
    bare: set[str] = field(default_factory=set)
    """Free names that stand somewhere without an attribute behind them."""
    stored: dict[str, ast.AST] = field(default_factory=dict)
    """Dotted chains that are assigned to or deleted."""
    values: set[str] = field(default_factory=set)
    """Free names and dotted chains that stand for an object to be handed on, rather than called or looked into."""
    ambiguous: dict[str, ast.AST] = field(default_factory=dict)
    """Names that a class body reads before it binds them: the module's, and then its own."""

    def all(self) -> dict[str, ast.AST]:
        """Every name with its first place."""
        return {**self.annotation, **self.lazy, **self.eager}


def references(node: ast.stmt) -> References:
    """The free names of `node`."""
    found = References()
    _Visitor(found).visit(node)
    found.annotated = frozenset(found.annotation)
    for name in (*found.eager, *found.lazy):
        found.annotation.pop(name, None)
    return found


class _Locals(ast.NodeVisitor):
    """Names that a function body binds, without looking into nested scopes."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.outer: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.bound.add(node.name)
        for inner in (*node.decorator_list, node.args):
            self.visit(inner)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bound.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        return

    def visit_ListComp(self, node: ast.AST) -> None:
        for child in ast.walk(node):  # `:=` inside a comprehension binds in the function
            if isinstance(child, ast.NamedExpr):
                self.visit(child.target)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_Import(self, node: ast.Import) -> None:
        self.bound.update(a.asname or a.name.split(".")[0] for a in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.bound.update(a.asname or a.name for a in node.names)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.outer.update(node.names)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bound.add(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bound.add(node.rest)
        self.generic_visit(node)


def local_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """Parameters and names bound in a function's own scope."""
    arguments = node.args
    names = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    names |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a}
    visitor = _Locals()
    for statement in node.body if isinstance(node.body, list) else [node.body]:
        visitor.visit(statement)
    return (names | visitor.bound) - visitor.outer


def bound_inside(node: ast.stmt) -> set[str]:
    """The names that any function, class, lambda or comprehension inside of a statement binds."""
    found: set[str] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                found |= local_names(inner)
            case ast.ClassDef():
                bound = _Locals()
                for statement in inner.body:
                    bound.visit(statement)
                found |= bound.bound
            case ast.comprehension():
                found |= {n.id for n in ast.walk(inner.target) if isinstance(n, ast.Name)}
    return found


class _Visitor(ast.NodeVisitor):
    def __init__(self, found: References) -> None:
        self.found = found
        self.scopes: list[set[str]] = []
        self.caught: list[str] = []
        """Names of the handlers around, at the top level."""
        self.deferred = False
        self.called: ast.expr | None = None

    def _is_local(self, name: str) -> bool:
        return name in self.caught or any(name in scope for scope in self.scopes)

    # where names count

    def _mention(self, name: str, node: ast.AST) -> None:
        if self._is_local(name):
            return
        (self.found.lazy if self.deferred else self.found.eager).setdefault(name, node)

    def visit_Call(self, node: ast.Call) -> None:
        self.called = node.func
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if not checks_types(node):
            self.generic_visit(node)
            return
        for inner in (node.test, *node.orelse):  # the rest never runs
            self.visit(inner)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        names = [node.name] if node.name and not self.scopes else []
        self.caught += names
        self.generic_visit(node)
        del self.caught[len(self.caught) - len(names) :]

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node is not self.called and not self._is_local(node.id):
            self.found.values.add(node.id)
        if isinstance(node.ctx, ast.Load) or (self.scopes and not any(node.id in s for s in self.scopes)):
            self._mention(node.id, node)
            if not self._is_local(node.id):
                self.found.bare.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and not self._is_local(inner.id):
            self._mention(inner.id, inner)
            dotted = ".".join([inner.id, *reversed(chain)])
            self.found.dotted.add(dotted)
            if not isinstance(node.ctx, ast.Load):
                self.found.stored.setdefault(dotted, node)
            elif node is not self.called:
                self.found.values.add(dotted)
        else:
            self.visit(inner)

    def _annotation(self, node: ast.expr | None) -> None:
        if node is None:
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return
            for part in ast.walk(inner):
                ast.copy_location(part, node)
            node = inner
        todo: list[ast.AST] = [node]
        while todo:
            child = todo.pop()
            if isinstance(child, ast.Name) and not any(child.id in s for s in self.scopes):
                self.found.annotation.setdefault(child.id, child)
            elif isinstance(child, ast.Constant) and isinstance(child.value, str) and child.value.isidentifier():
                self.found.annotation.setdefault(child.value, child)
            elif isinstance(child, ast.Attribute):
                dotted = ast.unparse(child)
                if all(part.isidentifier() for part in dotted.split(".")) and not self._is_local(dotted.split(".")[0]):
                    self.found.dotted.add(dotted)
            if isinstance(child, ast.Subscript) and ast.unparse(child.value).rpartition(".")[2] in (
                "Literal",
                "Annotated",
            ):
                # the strings of Literal are values, and only the first argument of Annotated is a type
                todo.append(child.value)
                if isinstance(child.slice, ast.Tuple) and ast.unparse(child.value).endswith("Annotated"):
                    todo.append(child.slice.elts[0])
                continue
            todo += reversed(list(ast.iter_child_nodes(child)))

    # scopes

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: set[str] | None = None) -> None:
        self.scopes.append(around or set())
        for decorator in node.decorator_list:
            self.called = decorator
            self.visit(decorator)
        self._arguments(node.args)
        self._annotation(node.returns)
        self.scopes.pop()
        deferred, self.deferred = self.deferred, True
        self.scopes.append(local_names(node))
        for statement in node.body:
            self.visit(statement)
        self.scopes.pop()
        self.deferred = deferred

    def _arguments(self, node: ast.arguments) -> None:
        for default in (*node.defaults, *(d for d in node.kw_defaults if d is not None)):
            self.visit(default)
        for argument in (*node.posonlyargs, *node.args, *node.kwonlyargs, node.vararg, node.kwarg):
            if argument is not None:
                self._annotation(argument.annotation)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._arguments(node.args)
        deferred, self.deferred = self.deferred, True
        self.scopes.append(local_names(node))
        self.visit(node.body)
        self.scopes.pop()
        self.deferred = deferred

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for inner in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self.called = inner
            self.visit(inner)
        # names bound in a class body are not seen by its methods, so they are no scope for them
        bound = _Locals()
        for statement in node.body:
            bound.visit(statement)
        before: set[str] = set()
        for statement in node.body:
            here = _Locals()
            here.visit(statement)
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._function(statement, before)
            else:
                self._class_statement(statement, before, here.bound)
            before |= here.bound

    def _class_statement(self, statement: ast.stmt, before: set[str], bound: set[str]) -> None:
        reads: list[ast.expr | None]
        match statement:
            case ast.Assign():
                reads = [statement.value, *(t for t in statement.targets if not isinstance(t, (ast.Name, ast.Tuple)))]
            case ast.AnnAssign():
                self._annotation(statement.annotation)
                reads = [statement.value]
            case ast.Expr():
                reads = [statement.value]
            case _:
                self.scopes.append(before | bound)
                self.visit(statement)
                self.scopes.pop()
                return
        self.scopes.append(before)
        for node in (r for r in reads if r is not None):
            for name in ast.walk(node):  # `value = value` reads the module's
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load) and name.id in bound - before:
                    self.found.ambiguous.setdefault(name.id, name)
            self.visit(node)
        self.scopes.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        if node.value:
            self.visit(node.value)
        if not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._mention(node.target.id, node.target)
        else:
            self.visit(node.target)
        self.visit(node.value)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        bound = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.scopes.append(bound)
        for i, generator in enumerate(node.generators):
            if i:
                self.visit(generator.iter)
            for condition in generator.ifs:
                self.visit(condition)
        for inner in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(inner)
        self.scopes.pop()

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def visit_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self._mention(name, node)
