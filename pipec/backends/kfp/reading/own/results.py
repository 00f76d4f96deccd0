"""What a step's results are: names for them, and annotations that pipec has put into plain words."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from pipec.backends.kfp.reading.own.programs import Chunk
from pipec.backends.kfp.reading.own.symbols import Symbols
from pipec.backends.kfp.reading.own.tree import Call, Select
from pipec.backends.kfp.reading.ports import ROLES, schema
from pipec.backends.kfp.reading.values import RefusedError

PLAIN = {"Metrics": ("dict[str, float]",), "ClassificationMetrics": ("dict",), "Path": ("pathlib.Path", "Path")}
"""Annotation of pipec's -> what the programs have in its place."""


def roles(component: Mapping[str, Any]) -> dict[Select, str]:
    """Part of the result -> its annotation in pipec's words, where the outputs of the component tell one."""
    found: dict[Select, str] = {}
    for key, spec in ((component.get("outputDefinitions") or {}).get("artifacts") or {}).items():
        name, _, form = key.partition("-")
        part = name.removeprefix("Output").removeprefix("_")
        select: Select = int(part) if part.isdigit() else part or None
        role = ROLES.get(schema(spec))
        if role is not None and _is_result(role, form) and not isinstance(select, str):
            found[select] = role
    return found


def _is_result(role: str, form: str) -> bool:
    """Whether an artifact is the result itself, or shows it; lists and the like are neither."""
    return role == "ClassificationMetrics" or (form == "metrics") == (role == "Metrics")


def annotated(source: str, function: str, found: Mapping[Select, str]) -> str:
    """The definition `source` with the annotations of its results in pipec's words."""
    for select, role in found.items():
        node = _definition(source, function)
        returns = node.returns if node else None
        element = returns if select is None else _element(returns, select)
        if element is None:
            continue
        for text in PLAIN.get(role, PLAIN["Path"]):
            place = next((n for n in ast.walk(element) if ast.get_source_segment(source, n) == text), None)
            if place is not None:
                source = _put(source, place, role)
                break
    return source


def shape(call: Call, chunk: Chunk | None, symbols: Symbols) -> None:
    """Find out how many elements the result of `call` has, where it is taken apart, and what it calls them."""
    node = _definition(chunk.source, call.function) if chunk else None
    if node is None or not call.targets:
        return
    returned = _returned(node)
    if None in call.targets:
        if isinstance(returned, ast.Name):
            symbols.hints[call.targets[None]].append(returned.id)
        return
    call.size = len(_elements(node.returns))
    if call.size <= max(int(s) for s in call.targets if isinstance(s, int)):
        raise RefusedError(f"how many results `{call.function}` has is not known")
    if isinstance(returned, ast.Tuple) and len(returned.elts) == call.size:
        for select, symbol in call.targets.items():
            element = returned.elts[int(select or 0)]
            if isinstance(element, ast.Name):
                symbols.hints[symbol].append(element.id)


def _definition(source: str, function: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == function:
            return node
    return None


def _returned(node: ast.AST) -> ast.expr | None:
    """What the last `return` of a function gives."""
    found: list[ast.Return] = [n for n in ast.walk(node) if isinstance(n, ast.Return)]
    return max(found, key=lambda n: n.lineno).value if found else None


def _elements(returns: ast.expr | None) -> list[ast.expr]:
    if isinstance(returns, ast.Constant) and isinstance(returns.value, str):
        try:
            returns = ast.parse(returns.value, mode="eval").body
        except SyntaxError:
            return []
    match returns:
        case ast.Subscript(value=ast.Name(id="tuple" | "Tuple") | ast.Attribute(attr="Tuple"), slice=inner):
            found = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return [] if any(isinstance(e, ast.Constant) and e.value is ... for e in found) else found
    return []


def _element(returns: ast.expr | None, select: Select) -> ast.expr | None:
    if returns is None or isinstance(returns, ast.Constant) or not isinstance(select, int):
        return None
    found = _elements(returns)
    return found[select] if select < len(found) else None


def _put(source: str, node: ast.AST, text: str) -> str:
    lines = source.split("\n")
    line = lines[node.lineno - 1].encode()  # type: ignore[attr-defined]  # an expression
    changed = line[: node.col_offset] + text.encode() + line[node.end_col_offset :]  # type: ignore[attr-defined]
    lines[node.lineno - 1] = changed.decode()  # type: ignore[attr-defined]
    return "\n".join(lines)
