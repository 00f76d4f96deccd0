"""What the body of a step does with the flow: the artifacts that it reads, writes and changes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.syntax import attribute_of

GIVING = frozenset(("fit", "fit_transform", "partial_fit", "pop", "popitem", "popleft", "setdefault"))
"""Methods that change their owner, and whose result is used."""
KEEPING = frozenset(
    (
        "debug", "info", "warning", "error", "exception", "critical", "log", "write", "print", "show", "to_csv",
        "to_parquet", "save",
    )
)  # fmt: skip
"""Methods that are called for an effect elsewhere."""
CHANGES_ARGUMENT = frozenset(["shuffle", "heapify", "heappush", "heappop", "heapreplace", "insort"])


@dataclass
class Usage:
    """Of one function's body."""

    reads: dict[str, ast.AST] = field(default_factory=dict)
    """Attributes that are read before the function has certainly set them."""
    mentioned: set[str] = field(default_factory=set)
    """Attributes of any kind."""
    writes: dict[str, ast.AST] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    """What is set whenever the body ends."""
    changed: dict[str, ast.AST] = field(default_factory=dict)
    """What is changed in place."""
    values: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    """What is assigned; `None` for an assignment that is more than one expression."""
    calls: dict[str, ast.AST] = field(default_factory=dict)
    """Helper methods and other things of the class."""
    escapes: list[ast.AST] = field(default_factory=list)
    """Where the flow itself is used: passed on, or its attributes asked for by name."""
    asked: dict[str, ast.AST] = field(default_factory=dict)
    """What `getattr`, `hasattr` or `setattr` is called for, by name."""
    nested: list[ast.AST] = field(default_factory=list)
    """Writes in nested functions."""
    current: dict[str, ast.AST] = field(default_factory=dict)
    """What is asked of Metaflow's `current`."""
    returns: list[ast.Return] = field(default_factory=list)
    merges: list[ast.Call] = field(default_factory=list)
    """Calls of `self.merge_artifacts`."""


def usage(
    body: list[ast.stmt], self_name: str, current_names: set[str], methods: set[str], is_ours: bool = False
) -> Usage:
    """Look at the statements of a function whose flow is called `self_name`; `is_ours`: pipec has written it."""
    reader = _Reader(self_name, current_names, methods)
    reader.is_ours = is_ours
    reader.aliases = _aliases(body, self_name)
    certain = reader.block(body, set())
    reader.found.certain = certain if certain is not None else set(reader.found.writes)
    for early in reader.returned:
        reader.found.certain &= early
    for name in reader.found.changed:
        reader.found.certain.add(name)
    return reader.found


def _aliases(body: list[ast.stmt], self_name: str) -> dict[str, str]:
    """Local names that stand for an artifact: bound once, by `name = self.artifact`."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                counts[node.id] = counts.get(node.id, 0) + 1
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            artifact = attribute_of(statement.value, self_name)
            if artifact is not None and isinstance(statement.targets[0], ast.Name):
                found[statement.targets[0].id] = artifact
    return {name: artifact for name, artifact in found.items() if counts[name] == 1}


class _Reader(ast.NodeVisitor):
    def __init__(self, self_name: str, current_names: set[str], methods: set[str]) -> None:
        self.name = self_name
        self.current = current_names
        self.methods = methods
        self.found = Usage()
        self.assigned: set[str] = set()
        self.depth = 0
        self.is_ours = False
        self.returned: list[set[str]] = []
        """What is certainly set at each `return`."""
        self.aliases: dict[str, str] = {}

    # Statements: each gives what is certainly set after it, or None where control does not come there.

    def block(self, body: list[ast.stmt], assigned: set[str]) -> set[str] | None:
        known: set[str] | None = set(assigned)
        for statement in body:
            known = self.statement(statement, known if known is not None else set())
            if known is None:
                return None
        return known

    def statement(self, node: ast.stmt, assigned: set[str]) -> set[str] | None:
        self.assigned = assigned
        match node:
            case ast.If() if self.is_ours and ours.is_reuse(node):
                return self.block(node.body, assigned)
            case ast.If():
                self.visit(node.test)
                before = self.assigned
                return _both(self.block(node.body, before), self.block(node.orelse, before))
            case ast.For() | ast.While():
                self._loop(node)
                return assigned
            case ast.With():
                for item in node.items:
                    self.visit(item)
                return self.block(node.body, self.assigned)
            case ast.Try():
                return self._try(node, assigned)
            case ast.Match():
                self.visit(node.subject)
                for case in node.cases:
                    self.block(case.body, assigned.copy())
                return assigned
            case ast.Return():
                self.generic_visit(node)
                if not self.depth:
                    self.found.returns.append(node)
                    self.returned.append(self.assigned)
                return None
            case ast.Raise():
                self.generic_visit(node)
                return None
        self.visit(node)
        return self.assigned

    def _loop(self, node: ast.For | ast.While) -> None:
        before = self.assigned.copy()
        if isinstance(node, ast.For):
            self.visit(node.iter)
            self.visit(node.target)
        else:
            self.visit(node.test)
        self.block(node.body, self.assigned)
        self.block(node.orelse, before.copy())
        self.assigned = before

    def _try(self, node: ast.Try, assigned: set[str]) -> set[str] | None:
        done = self.block([*node.body, *node.orelse], assigned.copy())
        for handler in node.handlers:
            done = _both(done, self.block(handler.body, assigned.copy()))
        last = self.block(node.finalbody, assigned.copy())
        if done is None or last is None:
            return None
        return done | last

    # Expressions.

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == self.name:
            self.found.escapes.append(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        attr = attribute_of(node, self.name)
        if attr is None:
            if isinstance(node.value, ast.Name) and node.value.id in self.current:
                self.found.current.setdefault(node.attr, node)
            elif not isinstance(node.ctx, ast.Load):
                self._change(node.value)
            self.generic_visit(node)
            return
        self.found.mentioned.add(attr)
        if attr in self.methods:
            self.found.calls.setdefault(attr, node)
        elif isinstance(node.ctx, ast.Load):
            if attr not in self.assigned:
                self.found.reads.setdefault(attr, node)
        else:
            self._write(attr, node, None)
            if isinstance(node.ctx, ast.Del):
                self.found.escapes.append(node)

    def _write(self, attr: str, node: ast.AST, value: ast.expr | None) -> None:
        self.found.mentioned.add(attr)
        self.found.writes.setdefault(attr, node)
        self.found.values.setdefault(attr, []).append(value)
        if self.depth:
            self.found.nested.append(node)
        self.assigned = self.assigned | {attr}

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            attr = attribute_of(target, self.name)
            if attr is not None and attr not in self.methods:
                self._write(attr, target, node.value)
            else:
                self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            attr = attribute_of(node.target, self.name)
            if attr is not None:
                self._write(attr, node.target, node.value)
            else:
                self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        attr = attribute_of(node.target, self.name)
        if attr is not None and attr not in self.assigned:
            self.found.reads.setdefault(attr, node.target)
        self.visit(node.value)
        self.visit(node.target)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node.value)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if isinstance(call.func, ast.Attribute) and name not in KEEPING:
                self._change(call.func.value)  # called for its effect, which can only be on its owner
            if name in CHANGES_ARGUMENT:
                for argument in call.args:
                    self._change(argument)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if attribute_of(node.func, self.name) == "merge_artifacts":
            self.found.merges.append(node)
            return
        match node:
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr" | "setattr" as what),
                args=[ast.Name(id=owner), ast.Constant(value=str(attr)), *rest],
            ) if owner == self.name:
                for argument in rest:
                    self.visit(argument)
                self.found.asked.setdefault(attr, node)
                self.found.mentioned.add(attr)
                if what == "setattr":
                    self._write(attr, node, None)
                return
        if isinstance(node.func, ast.Attribute) and node.func.attr in GIVING:
            self._change(node.func.value)
        self.generic_visit(node)

    def _change(self, node: ast.expr) -> None:
        """`self.x`, or something in it, is changed in place."""
        while True:
            attr = attribute_of(node, self.name)
            if isinstance(node, ast.Name) and node.id in self.aliases:
                attr = self.aliases[node.id]
            if attr is not None:
                if attr not in self.methods and attr not in ("input", "merge_artifacts", "next"):
                    self.found.changed.setdefault(attr, node)
                return
            if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
                node = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                node = node.func.value
            else:
                return

    # Nested scopes: what they read may be read at any time from here on.

    def _nested(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            self.visit(default)
        if any(a.arg == self.name for a in arguments):
            return
        before = self.assigned.copy()
        self.depth += 1
        if isinstance(node, ast.Lambda):
            self.visit(node.body)
        else:
            for decorator in node.decorator_list:
                self.visit(decorator)
            self.block(node.body, before.copy())
        self.depth -= 1
        self.assigned = before

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._nested(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._nested(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._nested(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.depth += 1
        for one in [*node.decorator_list, *node.bases, *node.body]:
            self.visit(one)
        self.depth -= 1


def _both(one: set[str] | None, other: set[str] | None) -> set[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
