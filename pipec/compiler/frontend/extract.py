"""Top-level statements as text: with their comments, without pipec's decorators."""

from __future__ import annotations

import ast
import copy
from collections.abc import Set

from pipec.compiler.frontend.bindings import Import, inner_statements
from pipec.compiler.frontend.project import Module, TopLevel
from pipec.compiler.frontend.resolve import Resolver


def kind_of(node: ast.stmt) -> str:
    """The kind of definition that a top-level statement is."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return "function"
        case ast.ClassDef():
            return "class"
        case ast.Assign() | ast.AnnAssign():
            return "constant"
        case _:
            return "block"


_CLASS_MAKERS_WORDS = "namedtuple NamedTuple Enum IntEnum StrEnum Flag IntFlag make_dataclass TypedDict new_class type"
_CLASS_MAKERS = frozenset(_CLASS_MAKERS_WORDS.split())


def makes_class(nodes: list[ast.stmt]) -> bool:
    """Whether top-level statements make a class by a call, or by a class statement under a condition."""
    for node in nodes:
        if any(isinstance(n, ast.ClassDef) for n in inner_statements(node)):
            return True
        if len(nodes) > 1 and isinstance(node, ast.ClassDef):
            return True
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if ast.unparse(node.value.func).rpartition(".")[2] in _CLASS_MAKERS:
                return True
    return False


def import_text(name: str, found: Import) -> str:
    """An import of one name, as a statement."""
    if found.attribute is None:
        return f"import {found.module}" + (f" as {found.alias}" if found.alias else "")
    return f"from {found.module} import {found.attribute}" + (f" as {name}" if name != found.attribute else "")


def is_ours(resolver: Resolver, module: Module, node: ast.expr) -> bool:
    """Whether a decorator is one of pipec's."""
    found = resolver.expression(module, node.func if isinstance(node, ast.Call) else node)
    return found is not None and found.kind == "external" and found.dotted.split(".")[0] == "pipec"


def without_decorators(resolver: Resolver, module: Module, node: ast.stmt) -> ast.stmt:
    """`node` without pipec's decorators."""
    decorators = getattr(node, "decorator_list", [])
    if not any(is_ours(resolver, module, d) for d in decorators):
        return node
    plain = copy.copy(node)
    plain.decorator_list = [d for d in decorators if not is_ours(resolver, module, d)]  # type: ignore[attr-defined]
    return plain


def statement_source(resolver: Resolver, module: Module, statement: TopLevel, without: Set[int] = frozenset()) -> str:
    """A top-level statement as written, with the comment above it, without pipec's decorators and lines `without`."""
    node = statement.node
    decorators = getattr(node, "decorator_list", [])
    start = min([node.lineno, *(d.lineno for d in decorators)])
    end = node.end_lineno or node.lineno
    if _shares_a_line(module, statement):
        return module.segment(node)
    skipped: set[int] = set()
    for i, decorator in enumerate(decorators):
        if is_ours(resolver, module, decorator):
            following = decorators[i + 1].lineno if i + 1 < len(decorators) else node.lineno
            last = decorator.end_lineno or decorator.lineno
            skipped |= set(range(decorator.lineno, max(last, decorator.lineno) + 1))
            skipped -= set(range(following, end + 1))
    first = start
    while first > 1 and module.lines[first - 2].startswith("#") and not module.lines[first - 2].startswith("#!"):
        first -= 1
    lines = [module.printed(n) for n in range(first, end + 1) if n not in skipped | without]
    return "".join(lines).rstrip()


def _shares_a_line(module: Module, statement: TopLevel) -> bool:
    neighbours = [
        module.statements[i].node for i in (statement.index - 1, statement.index + 1) if 0 <= i < len(module.statements)
    ]
    return any(n.end_lineno == statement.node.lineno or n.lineno == statement.node.end_lineno for n in neighbours)


def joined(resolver: Resolver, module: Module, statements: list[TopLevel], without: Set[int] = frozenset()) -> str:
    """Several statements as one text without lines `without`, with blank lines around functions and classes."""
    text = ""
    for before, statement in zip([None, *statements], statements):
        large = any(s is not None and hasattr(s.node, "decorator_list") for s in (before, statement))
        text += ("\n\n\n" if large else "\n") if before is not None else ""
        text += statement_source(resolver, module, statement, without)
    return text
