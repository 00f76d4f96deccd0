"""Glue as expressions, and what brings the arms of a branch together."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading.own.blocks import Attempt, Block, Choice, Simple, inner_blocks
from pipec.backends.airflow.reading.own.dag import Node
from pipec.backends.airflow.reading.own.glue import NONE, Expr, simplified, substituted
from pipec.backends.airflow.reading.own.steps import Steps
from pipec.backends.airflow.reading.own.unknown import Unknown


class Joins(Steps):
    """Writes glue."""

    def glue(self, node: Node, body: list[ast.stmt], given: dict[str, Expr]) -> None:
        """Expressions, and what brings the arms of a branch together."""
        assert node.function is not None
        outputs = list(node.function.outputs) or [""]
        if not body:
            raise Unknown(node.stmt, "its function does nothing")
        joined = self.guards.places[node].joins
        if joined is not None:
            self._join(node, joined, body, given, outputs)
            return
        if (len(body) > 1 and isinstance(body[0], ast.If)) or isinstance(body[-1], ast.If):
            made = {key: self.names.new(key or self.variable(node)) for key in outputs}
            self._arms(node, body, given, made, self.block(node))
        else:
            self._straight(node, body, given, outputs)
            return
        self.values |= {(node, key): value for key, value in made.items()}

    def _straight(self, node: Node, body: list[ast.stmt], given: dict[str, Expr], outputs: list[str]) -> None:
        given = dict(given)
        for stmt in body[:-1]:
            match stmt:
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    given[target] = self.assign(node, target, substituted(value, given))
                case _:
                    raise Unknown(stmt, "this statement is not understood")
        last = body[-1]
        if not isinstance(last, ast.Return) or last.value is None:
            raise Unknown(last, "this statement is not understood")
        for key, value in zip(outputs, _elements(last.value, outputs), strict=True):
            made = substituted(value, given)
            keep = isinstance(made, ast.Name) and key
            self.values[node, key] = made if keep else self.assign(node, key or self.variable(node), made)

    def _join(self, node: Node, joined: Node, body: list[ast.stmt], given: dict[str, Expr], outputs: list[str]) -> None:
        choice = self.choices[joined]
        made = {key: self.names.new(key or self.variable(node)) for key in outputs}
        for taken in (True, False):
            live = dict(given)
            for parameter, expr in node.args.items():
                for part in ast.walk(expr):
                    if isinstance(part, ast.Name) and part.id in node.scope:
                        place = self.guards.places.get(node.scope[part.id])
                        if place is not None and place.guards.get(joined, taken) != taken:
                            live[parameter] = NONE
            self._arms(node, self._taken(node, joined, choice, taken, body, live), live, made, choice.arm(taken))
        self.values |= {(node, key): value for key, value in made.items()}

    def _taken(
        self, node: Node, joined: Node, choice: Choice, taken: bool, body: list[ast.stmt], given: dict[str, Expr]
    ) -> list[ast.stmt]:
        """The part of a join that an arm is meant by."""
        match body:
            case [ast.If(test=test, body=then, orelse=[]), *rest]:
                by_name = isinstance(test, ast.Name) and test.id in node.args
                same = by_name and self._behind(node, test) is joined
                if same or ast.dump(substituted(test, given)) == ast.dump(choice.test):
                    return then if taken else rest
        return body

    def _behind(self, node: Node, test: ast.expr) -> Node | None:
        assert isinstance(test, ast.Name)
        expr = node.args[test.id]
        return node.scope.get(expr.id) if isinstance(expr, ast.Name) else None

    def _arms(
        self, node: Node, body: list[ast.stmt], given: dict[str, Expr], made: dict[str, ast.Name], block: Block
    ) -> None:
        """Bind the outputs of glue that decides, in `block`."""
        match body:
            case [ast.Return(value=value)] if value is not None:
                for (_, target), part in zip(made.items(), _elements(value, list(made)), strict=True):
                    shown = simplified(substituted(part, given))
                    if (
                        isinstance(shown, ast.Name)
                        and self._born(shown.id, block)
                        and self.names.unite(shown.id, target.id)
                    ):
                        continue
                    block.items.append(Simple(ast.Assign([ast.Name(target.id, ast.Store())], shown), node))
            case [ast.If(test=test, body=then, orelse=[]), *rest]:
                choice = Choice(substituted(test, given), node)
                block.items.append(choice)
                self._arms(node, then, given, made, choice.then)
                self._arms(node, rest, given, made, choice.other)
            case _:
                raise Unknown(node.stmt, "how it chooses is not understood")

    def _born(self, token: str, block: Block) -> bool:
        """Whether a variable is bound by a statement of `block` itself, or in arms of it."""
        for item in block.items:
            match item:
                case Simple(stmt=ast.Assign(targets=[target])):
                    bound = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
                    if token in bound:
                        return True
                case Choice() | Attempt():
                    if all(self._bound_in(token, inner) for inner in inner_blocks(item)):
                        return True
        return False

    def _bound_in(self, token: str, block: Block) -> bool:
        roots = {t for t in self.names.wanted if self.names.root(t) == self.names.root(token)}
        return any(self._born(t, block) for t in roots)


def _elements(value: Expr, outputs: list[str]) -> list[Expr]:
    if outputs == [""]:
        return [value]
    if isinstance(value, ast.Tuple) and len(value.elts) == len(outputs):
        return value.elts
    raise Unknown(value, "its outputs do not fit")
