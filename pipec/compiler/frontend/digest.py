"""A digest of code that does not see comments, formatting or docstrings, and is the same on every Python version."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable

_IGNORED = frozenset({"ctx", "type_comment", "kind", "type_ignores"})


def code_digest(nodes: Iterable[ast.AST], *more: object) -> str:
    """SHA-256 of the meaning of `nodes`, and of `more` by `repr`."""
    digest = hashlib.sha256()
    for node in nodes:
        digest.update(dump(node).encode())
        digest.update(b"\0")
    digest.update(repr(more).encode())
    return digest.hexdigest()


def dump(node: object) -> str:
    """`node` as text without places; empty fields are left out, since newer Pythons have more of them."""
    if isinstance(node, ast.AST):
        fields = [f"{n}={dump(v)}" for n, v in _fields(node) if v not in (None, [])]
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return f"[{','.join(map(dump, node))}]"
    return repr(node)


def _fields(node: ast.AST) -> Iterable[tuple[str, object]]:
    documented = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    for name, value in ast.iter_fields(node):
        if name in _IGNORED:
            continue
        if name == "body" and documented and value and _is_docstring(value[0]):
            value = value[1:]
        yield name, value


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
