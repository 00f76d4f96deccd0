"""Glue functions as expressions of the pipeline: parameters replaced by what is given for them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from pipec.backends.airflow.reading.own.functions import dotted
from pipec.backends.airflow.reading.own.unknown import Unknown

Expr = ast.expr
NONE = ast.Constant(None)


def name(id_: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(id_, ast.Load())


def substituted(node: Expr, given: Mapping[str, Expr]) -> Expr:
    """`node` with names replaced, and without what only Airflow needs."""
    return _Substitute(given).visit(copy.deepcopy(node))  # type: ignore[no-any-return]


class _Substitute(ast.NodeTransformer):
    def __init__(self, given: Mapping[str, Expr]) -> None:
        self.given = dict(given)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.given:
            return copy.deepcopy(self.given[node.id])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if dotted(node.func) == "fetch" and len(node.args) == 1:
            return self.visit(node.args[0])  # type: ignore[no-any-return]
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if ast.unparse(node) == "get_current_context()['ti'].try_number":
            return ast.Attribute(name("run"), "attempt", ast.Load())
        return self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._scoped(node, node.generators)

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # type: ignore[assignment]

    def _scoped(self, node: ast.AST, generators: list[ast.comprehension]) -> ast.AST:
        """A comprehension: its own names hide parameters, and must not catch what is put in their place."""
        own = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        first = generators[0].iter
        kept = self.given
        iterated = self.visit(first)
        self.given = {k: v for k, v in kept.items() if k not in own}
        read = {n.id for v in self.given.values() for n in ast.walk(v) if isinstance(n, ast.Name)}
        for clash in sorted(own & read):
            self.given[clash] = name(f"{clash}_")
            for generator in generators:
                for target in ast.walk(generator.target):
                    if isinstance(target, ast.Name) and target.id == clash:
                        target.id = f"{clash}_"
        generators[0].iter = ast.Constant(0)
        self.generic_visit(node)
        generators[0].iter = iterated
        self.given = kept
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Its defaults belong to the scope around; its parameters must not catch what is put into its body."""
        given = node.args
        given.defaults = [self.visit(default) for default in given.defaults]
        given.kw_defaults = [default and self.visit(default) for default in given.kw_defaults]
        listed = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        own = {one.arg for one in listed if one is not None}
        used = {n.id for n in ast.walk(node.body) if isinstance(n, ast.Name)} - own
        read = {n.id for v in self.given.keys() & used for n in ast.walk(self.given[v]) if isinstance(n, ast.Name)}
        if own & read:
            raise Unknown(node, "a lambda hides a value")
        kept, self.given = self.given, {k: v for k, v in self.given.items() if k not in own}
        node.body = self.visit(node.body)
        self.given = kept
        return node


def simplified(node: Expr) -> Expr:
    """An expression of an arm: what `None` decides is decided."""
    match node:
        case ast.IfExp(test=ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(None)])):
            if isinstance(left, ast.Constant):
                return simplified(node.orelse if left.value is None else node.body)
            if (
                ast.dump(left) == ast.dump(node.body)
                and isinstance(node.orelse, ast.Constant)
                and node.orelse.value is None
            ):
                return node.body
    return node


def listed(body: Expr) -> tuple[Expr, Expr | None, ast.ListComp | None]:
    """What a list is made of: the items, the element for each (`None`: the item itself), and the comprehension."""
    match body:
        case ast.Call(func=ast.Name("list"), args=[items], keywords=[]):
            return items, None, None
        case ast.ListComp(generators=[generator]):
            return generator.iter, body.elt, body
    return body, None, None
