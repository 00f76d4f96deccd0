"""Names of a DAG file while it is followed, and expressions as text that means the same at the top of a module."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from pipec.backends.airflow.reading.values import (
    Class,
    Combined,
    DagFunction,
    External,
    Function,
    GroupFunction,
    Made,
    Partial,
    Refusal,
    Result,
    Task,
    TaskFunction,
    Unknown,
)
from pipec.compiler.pysource.text import double_quoted
from pipec.compiler.reading import Source

LIMIT = 4000
"""The longest constant that is written out in place of its name, in characters."""


@dataclass(frozen=True)
class Text:
    """An expression as source, and what it needs."""

    source: str
    names: frozenset[str] = frozenset()
    """Names of the module's own definitions in it."""
    imports: frozenset[str] = frozenset()
    """Import statements that it needs."""
    refs: tuple[object, ...] = ()
    """Tasks, results, parameters and DAGs that it mentions: it has no meaning outside of the DAG's own file."""
    free: frozenset[str] = frozenset()
    """Names in it that are bound nowhere."""
    tasks: tuple[Task, ...] = ()
    """Tasks that it mentions, each as `mark(task)`."""


@dataclass
class Binding:
    """What a name stands for at a moment."""

    value: object
    text: Text | None = None
    """What it was bound to, where that is no constant."""
    stable: bool = False
    """It is bound once, at the top level: the name can be used in the result."""
    statement: str = ""
    """The import statement that binds it."""


@dataclass(eq=False)
class Scope:
    """The names of a module or of a function."""

    parent: Scope | None = None
    names: dict[str, Binding] = field(default_factory=dict)

    def find(self, name: str) -> Binding | None:
        """The binding that `name` refers to."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None


SIMPLE = (str, int, float, bool, type(None), bytes)


def is_constant(value: object, depth: int = 0) -> bool:
    """Whether `value` has a literal."""
    if depth > 20:
        return False
    if isinstance(value, SIMPLE):
        return True
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(is_constant(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return all(is_constant(k, depth + 1) and is_constant(v, depth + 1) for k, v in value.items())
    return False


def literal(value: object) -> str:
    """The literal of a constant, in double quotes."""
    return double_quoted(repr(value))


Evaluate = Callable[[ast.expr, Scope], object]


class Writer:
    """Writes expressions of the file as text for the top level of the result."""

    def __init__(self, source: Source, pure: Evaluate) -> None:
        self.source = source
        self.pure = pure
        self._data = [line.encode() for line in source.lines]

    def segment(self, node: ast.AST) -> str:
        """The text of `node` in the file."""
        line, end = getattr(node, "lineno", 1) - 1, getattr(node, "end_lineno", 1) - 1
        start, stop = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        if line == end:
            return self._data[line][start:stop].decode()
        parts = [self._data[line][start:], *self._data[line + 1 : end], self._data[end][:stop]]
        return b"\n".join(parts).decode()

    def indent(self, node: ast.AST) -> int:
        """The indentation of the line that `node` begins in."""
        text = self._data[getattr(node, "lineno", 1) - 1]
        return len(text) - len(text.lstrip())

    def text(self, node: ast.expr, scope: Scope) -> Text:
        """`node` as an expression at the top level of a module."""
        found = _Found()
        edits: list[tuple[ast.AST, str]] = []
        self._visit(node, scope, frozenset(), found, edits)
        return Text(
            self._spliced(node, edits), frozenset(found.names), frozenset(found.imports), tuple(found.refs),
            frozenset(found.free), tuple(found.tasks),
        )  # fmt: skip

    def _spliced(self, node: ast.expr, edits: list[tuple[ast.AST, str]]) -> str:
        multiline = any(
            isinstance(n, (ast.Constant, ast.JoinedStr)) and (n.end_lineno or 0) > n.lineno and not _adjacent(n)
            for n in ast.walk(node)
        )
        if multiline or any(isinstance(n, ast.JoinedStr) for n, _ in _inside(node, edits)):
            tree = _Replaced({id(n): text for n, text in edits}).visit(node)
            return double_quoted(ast.unparse(ast.fix_missing_locations(tree)))
        text = self.segment(node).encode()
        first = getattr(node, "lineno", 1)
        starts = _offsets(text, first, getattr(node, "col_offset", 0))
        for edited, new in sorted(edits, key=lambda e: _place(e[0]), reverse=True):
            start = starts(edited.lineno, edited.col_offset)  # type: ignore[attr-defined]
            end = starts(edited.end_lineno, edited.end_col_offset)  # type: ignore[attr-defined]
            text = text[:start] + new.encode() + text[end:]
        margin = " " * self.indent(node)
        return textwrap.dedent(margin + text.decode()) if b"\n" in text else text.decode()

    def _visit(
        self, node: ast.AST, scope: Scope, bound: frozenset[str], found: _Found, edits: list[tuple[ast.AST, str]]
    ) -> None:
        if isinstance(node, ast.Name):
            self._name(node, scope, bound, found, edits)
            return
        if isinstance(node, (ast.JoinedStr, ast.Attribute, ast.Subscript, ast.BinOp, ast.Call)):
            new = self._evaluated(node, scope, bound)
            if new is not None:
                edits.append((node, new))
                return
        if isinstance(node, ast.Lambda):
            bound |= {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            targets = [g.target for g in node.generators]
            bound |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope, bound, found, edits)

    def _evaluated(self, node: ast.expr, scope: Scope, bound: frozenset[str]) -> str | None:
        """The literal of `node`, where it has names in it that the result has not."""
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        if names & bound or not any((b := scope.find(name)) is not None and _passing(b) for name in names):
            return None
        try:
            value = self.pure(node, scope)
        except Refusal:
            return None
        if is_constant(value) and len(text := literal(value)) <= LIMIT:
            return text
        return None

    def _name(
        self, node: ast.Name, scope: Scope, bound: frozenset[str], found: _Found, edits: list[tuple[ast.AST, str]]
    ) -> None:
        if node.id in bound:
            return
        binding = scope.find(node.id)
        if binding is None:
            found.free.add(node.id)
            return
        value = binding.value
        if binding.statement:
            found.imports.add(binding.statement)
        elif isinstance(value, (Function, Class)):
            name = value.name if isinstance(value, Function) else value.node.name
            found.names.add(name)
            if name != node.id:
                edits.append((node, name))
        elif isinstance(value, (Task, Result)) and (made := written(value)) is not None:
            found.take(made)
            edits.append((node, made.source))
        elif isinstance(value, (TaskFunction, GroupFunction, DagFunction)):
            found.refs.append(value)
        elif binding.stable and not (binding.text is not None and binding.text.refs):
            found.names.add(node.id)
        elif is_constant(value) and len(text := literal(value)) <= LIMIT:
            edits.append((node, text))
        elif (
            binding.text is not None and not isinstance(value, (External, Partial)) and len(binding.text.source) < LIMIT
        ):
            found.take(binding.text)
            edits.append((node, f"({binding.text.source})"))
        elif (made := written(value)) is not None and len(made.source) < LIMIT and not made.refs:
            found.take(made)
            edits.append((node, made.source))
        else:
            found.refs.append(value)


@dataclass
class _Found:
    names: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    refs: list[object] = field(default_factory=list)
    free: set[str] = field(default_factory=set)
    tasks: list[Task] = field(default_factory=list)

    def take(self, text: Text) -> None:
        self.names |= text.names
        self.imports |= text.imports
        self.refs += text.refs
        self.free |= text.free
        self.tasks += text.tasks


def _passing(binding: Binding) -> bool:
    """Whether the name of `binding` has no meaning in the result."""
    return not binding.stable and not binding.statement and not isinstance(binding.value, (Function, Class))


def _adjacent(node: ast.AST) -> bool:
    """Whether `node` is several strings side by side, none of which need have a line break in it."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _inside(node: ast.expr, edits: list[tuple[ast.AST, str]]) -> Iterator[tuple[ast.AST, str]]:
    """F-strings below `node` that have edits in them: their parts have no reliable places before Python 3.12."""
    edited = {id(n) for n, _ in edits}
    for one in ast.walk(node):
        if isinstance(one, ast.JoinedStr) and id(one) not in edited:
            if any(id(n) in edited for n in ast.walk(one)):
                yield one, ""


def _offsets(text: bytes, first: int, column: int) -> Callable[[int, int], int]:
    lines = text.split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def at(line: int, offset: int) -> int:
        return starts[line - first] + offset - (column if line == first else 0)

    return at


class _Replaced(ast.NodeTransformer):
    """A tree with other expressions in some places; the given one stays as it is."""

    def __init__(self, texts: dict[int, str]) -> None:
        self.texts = texts

    def visit(self, node: ast.AST) -> ast.AST:
        if id(node) in self.texts:
            return ast.parse(self.texts[id(node)], mode="eval").body
        fields: dict[str, object] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                fields[name] = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
            else:
                fields[name] = self.visit(value) if isinstance(value, ast.AST) else value
        return ast.copy_location(type(node)(**fields), node)


def merged(*texts: Text) -> Text:
    """The needs of all of `texts`, without their source."""
    return Text(
        "", frozenset().union(*(t.names for t in texts)), frozenset().union(*(t.imports for t in texts)),
        tuple(r for t in texts for r in t.refs), frozenset().union(*(t.free for t in texts)),
        tuple(task for t in texts for task in t.tasks),
    )  # fmt: skip


def with_source(text: Text, source: str) -> Text:
    """`text` with other source."""
    return replace(text, source=source)


def mark(task: Task) -> str:
    """What stands for the step of a task until it has a name."""
    return f"task_{id(task)}_"


def as_dict(texts: dict[str, Text]) -> Text:
    """A dict of expressions."""
    inner = ", ".join(f"{literal(key)}: {text.source}" for key, text in texts.items())
    return with_source(merged(*texts.values()), f"{{{inner}}}")


def written(value: object, depth: int = 0) -> Text | None:
    """What is known of a value as an expression; `None` where that is not enough."""
    if is_constant(value):
        text = literal(value)
        return Text(text) if len(text) <= LIMIT else None
    if isinstance(value, (Made, Unknown)):
        return value.text
    if isinstance(value, Task):
        return Text(mark(value), tasks=(value,))
    if isinstance(value, Result):
        key = f"[{literal(value.key)}]" if value.key else ""
        return None if value.path else Text(f"{mark(value.task)}.output{key}", tasks=(value.task,))
    if isinstance(value, Combined) and value.how in ("zip", "concat"):
        parts = [written(v, depth + 1) for v in value.parts]
        known_parts = [t for t in parts if t is not None]
        if len(known_parts) != len(parts):
            return None
        first, *rest = (t.source for t in known_parts)
        return with_source(merged(*known_parts), f"{first}.{value.how}({', '.join(rest)})")
    if depth > 5 or not isinstance(value, (dict, list, tuple)):
        return None
    if isinstance(value, dict):
        found = {str(k): written(v, depth + 1) for k, v in value.items()}
        known = {k: t for k, t in found.items() if t is not None}
        return as_dict(known) if len(known) == len(value) else None
    items = [written(v, depth + 1) for v in value]
    listed = [t for t in items if t is not None]
    if len(listed) != len(items):
        return None
    inner = ", ".join(t.source for t in listed)
    return with_source(merged(*listed), f"[{inner}]" if isinstance(value, list) else f"({inner},)")
