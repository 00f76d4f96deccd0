"""Expressions that only a document has as tasks of their own go back to where they stood."""

from __future__ import annotations

import ast
import re
from collections import Counter

from pipec.backends.kfp.reading.own.symbols import Symbols
from pipec.backends.kfp.reading.own.tree import Assign, Choice, Group, Loop, Node, Part, Try, sources, walk

OWN = re.compile(r"(?:condition|items|result|\w+_value|\w*_items)(?:_\d+)?_?\Z")
"""What pipec calls the values of tasks that it adds."""


def inline(part: Part, symbols: Symbols) -> None:
    """Put conditions, items and results that are used once where they are used."""
    counts = Counter(
        s for texts in (*(sources(n) for n in walk(part.nodes)), part.results) for t in texts for s in symbols.of(t)
    )
    _block(part.nodes, symbols, counts)
    part.results = [_taken(part.nodes, text, symbols, counts) for text in part.results]


def _block(nodes: list[Node], symbols: Symbols, counts: Counter[str]) -> None:
    for node in list(nodes):
        match node:
            case Choice():
                node.condition = _unwrapped(_moved(nodes, node, node.condition, symbols, counts), "bool")
                for block in (node.then, node.orelse):
                    _block(block, symbols, counts)
                node.merged = [
                    (symbol, _taken(node.then, a, symbols, counts), _taken(node.orelse, b, symbols, counts))
                    for symbol, a, b in node.merged
                ]
            case Loop():
                node.items = _unwrapped(_moved(nodes, node, node.items, symbols, counts), "list")
                _block(node.body, symbols, counts)
            case Try():
                for block in (node.body, node.handler or [], node.final or []):
                    _block(block, symbols, counts)
                node.merged = [
                    (symbol, _taken(node.body, a, symbols, counts), _taken(node.handler or [], b, symbols, counts))
                    for symbol, a, b in node.merged
                ]
            case Group():
                inline(node.part, symbols)
                node.arguments = [_moved(nodes, node, text, symbols, counts) for text in node.arguments]


def _moved(nodes: list[Node], user: Node, text: str, symbols: Symbols, counts: Counter[str]) -> str:
    """`text`, or the expression that it names and that nobody else needs."""
    found = _own(nodes, text, symbols, counts)
    if found is None or nodes.index(found) > nodes.index(user):
        return text
    between = nodes[nodes.index(found) + 1 : nodes.index(user)]
    if any(not isinstance(n, Assign) for n in between) and not _is_pure(found.source):
        return text
    user.before |= found.before
    _drop(nodes, found)
    return found.source


def _taken(nodes: list[Node], text: str, symbols: Symbols, counts: Counter[str]) -> str:
    """The same for what stands at the end of a block."""
    found = _own(nodes, text, symbols, counts)
    if found is None or any(not isinstance(n, Assign) for n in nodes[nodes.index(found) + 1 :]):
        return text
    _drop(nodes, found)
    return found.source


def _own(nodes: list[Node], text: str, symbols: Symbols, counts: Counter[str]) -> Assign | None:
    if counts[text] != 1:
        return None
    hints = symbols.hints.get(text, [""])
    for node in nodes:
        if isinstance(node, Assign) and node.symbol == text and any(OWN.match(hint) for hint in hints):
            return node
    return None


def _drop(nodes: list[Node], found: Assign) -> None:
    nodes.remove(found)
    for node in nodes:
        if found.id in node.before:
            node.before = (node.before - {found.id}) | found.before


def _unwrapped(text: str, function: str) -> str:
    """`text` without the call of `bool` or `list` that the statement makes by itself."""
    if not text.startswith(f"{function}("):
        return text
    tree = ast.parse(text, mode="eval").body
    match tree:
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name == function and not isinstance(
            inner, (ast.Starred, ast.GeneratorExp)
        ):
            return ast.get_source_segment(text, inner) or text
    return text


def _is_pure(source: str) -> bool:
    """Whether nothing can go wrong in it."""
    return all(isinstance(n, (ast.Name, ast.Constant, ast.Expression, ast.expr_context, ast.Not, ast.UnaryOp))
               for n in ast.walk(ast.parse(source, mode="eval")))  # fmt: skip
