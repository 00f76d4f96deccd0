"""Names for symbols: what the document calls a value, where nothing else is called so."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator

from pipec.backends.kfp.reading.names import RESERVED
from pipec.backends.kfp.reading.own.symbols import Symbols
from pipec.backends.kfp.reading.own.tree import Loop, Node, Part, Try, With, blocks, defined, sources, walk
from pipec.backends.kfp.reading.values import RefusedError

NUMBERED = re.compile(r"_\d+\Z")


def names(part: Part, symbols: Symbols, fixed: dict[str, str], taken: set[str]) -> dict[str, str]:
    """Symbol -> name, for all symbols of the function `part`; `fixed` are those that have one."""
    chosen = {symbol: fixed[symbol] for symbol in part.parameters if symbol in fixed}
    bound, hidden = _bound(part, symbols), _hidden(part, symbols)
    for symbol, name in chosen.items():
        if name in hidden.get(symbol, ()):
            raise RefusedError(f"the parameter `{name}` is hidden in one of its expressions")
    used = set(taken) | set(RESERVED) | set(chosen.values())
    around = _loops(part.nodes, ())
    for symbol in [*(s for s in _defined(part) if s not in around), *around]:
        if symbol in around:  # loops that are not in one another may share the name of their variable
            near = {chosen[outer] for outer in around[symbol]}
            chosen[symbol] = _free(symbols.hints.get(symbol) or [""], used | near | bound.get(symbol, set()))
        elif symbol not in chosen:
            chosen[symbol] = _free(
                symbols.hints.get(symbol) or [symbols.fallback.get(symbol, "")], used | bound.get(symbol, set())
            )
            used.add(chosen[symbol])
    return chosen


def _loops(nodes: list[Node], around: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Variable of a loop -> those of the loops around it."""
    found: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        inner = around
        if isinstance(node, Loop):
            found[node.item] = around
            inner = (*around, node.item)
        for block in blocks(node):
            found |= _loops(block, inner)
    return found


def _free(hints: list[str], used: set[str]) -> str:
    wanted = [w for hint in hints if (w := NUMBERED.sub("", hint)).isidentifier() and not keyword.iskeyword(w)]
    for name in wanted:
        if name not in used:
            return name
    base, number = (wanted or ["value"])[0], 2
    while f"{base}_{number}" in used:
        number += 1
    return f"{base}_{number}" if wanted or base in used else base


def _defined(part: Part) -> list[str]:
    found = dict.fromkeys(part.parameters)
    for node in walk(part.nodes):
        if isinstance(node, Loop):
            found[node.item] = None
        if isinstance(node, Try) and node.name:
            found[node.name] = None
        if not isinstance(node, With):
            found |= dict.fromkeys(defined(node))
    return list(found)


def _bound(part: Part, symbols: Symbols) -> dict[str, set[str]]:
    """Symbol -> names that comprehensions and lambdas bind in the expressions that it stands in."""
    found: dict[str, set[str]] = {}
    texts = [text for node in walk(part.nodes) for text in _texts(node)] + part.results
    for text in texts:
        if " for " not in text and "lambda" not in text:
            continue
        tree = ast.parse(text, mode="eval")
        own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
        for symbol in symbols.of(text):
            found.setdefault(symbol, set()).update(own)
    return found


def _hidden(part: Part, symbols: Symbols) -> dict[str, set[str]]:
    """Symbol -> names that comprehensions and lambdas around it bind, which mean something else where it stands."""
    found: dict[str, set[str]] = {}
    texts = [text for node in walk(part.nodes) for text in _texts(node)] + part.results
    for text in texts:
        if " for " in text or "lambda" in text:
            known = set(symbols.of(text))
            for name, around in _scopes(ast.parse(text, mode="eval").body, frozenset()):
                if name in known:
                    found.setdefault(name, set()).update(around)
    return found


def _scopes(node: ast.AST, around: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The names in an expression, each with the names that scopes around it in the expression bind."""
    match node:
        case ast.Name(id=name):
            yield name, around
        case ast.Lambda(args=given, body=body):
            for default in (*given.defaults, *given.kw_defaults):
                if default is not None:
                    yield from _scopes(default, around)
            yield from _scopes(body, around | {n.arg for n in ast.walk(given) if isinstance(n, ast.arg)})
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            first, *_ = node.generators
            targets = [n for g in node.generators for n in ast.walk(g.target)]
            inside = around | {n.id for n in targets if isinstance(n, ast.Name)}
            yield from _scopes(first.iter, around)
            for child in ast.iter_child_nodes(node):
                parts = ast.iter_child_nodes(child) if child is first else [child]
                yield from (found for one in parts if one is not first.iter for found in _scopes(one, inside))
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _scopes(child, around)


def _texts(node: Node) -> list[str]:
    return [text for text in sources(node) if text]
