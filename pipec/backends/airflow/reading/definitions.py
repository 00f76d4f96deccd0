"""What of the file's top level the result keeps: what its steps reach, as it was written."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipec.backends.airflow.reading import files
from pipec.backends.airflow.reading.callables import function_text
from pipec.backends.airflow.reading.lines import dedented
from pipec.backends.airflow.reading.scope import is_constant, literal
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import (
    Class,
    DagFunction,
    External,
    Function,
    GroupFunction,
    Made,
    Refusal,
    TaskFunction,
)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Reach:
    """What some names reach."""

    names: dict[str, None] = field(default_factory=dict)
    """Definitions of the file, by name."""
    imports: dict[str, None] = field(default_factory=dict)
    """Import statements."""
    airflow: str = ""
    """What they use of Airflow itself; "" where nothing."""
    file: bool = False
    """Whether they read `__file__`."""


@dataclass(frozen=True)
class Kept:
    """One definition for the top level of the result."""

    line: int
    source: str
    names: tuple[str, ...]


class Definitions:
    """The definitions of one file."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.binders: dict[str, list[ast.stmt]] = {}
        _collect(state.tree.body, self.binders)
        self.functions = {f.name: f for f in state.functions.values() if f.name}
        self.local: dict[str, str] = {}
        """Constants of a DAG's function that inner functions use -> their source."""

    def reach(self, names: Iterable[str], scope_of: Function | None = None) -> Reach:
        """What `names` need, themselves included."""
        found = Reach()
        todo = [(name, scope_of) for name in names]
        seen: set[str] = set()
        while todo:
            name, owner = todo.pop()
            if name in seen or (hasattr(builtins, name) and name not in self.binders and name not in self.functions):
                continue
            seen.add(name)
            todo += self._step(name, owner, found)
        return found

    def _step(self, name: str, owner: Function | None, found: Reach) -> list[tuple[str, Function | None]]:
        if name == files.NAME:
            self._file(owner)
            found.file = True
            found.imports[files.needed(self.state.imports)] = None
            return []
        binding = (owner.scope if owner is not None else self.state.module).find(name)
        if binding is not None and binding.statement:
            found.imports[binding.statement] = None
            value = binding.value
            if isinstance(value, External) and value.dotted.split(".")[0] == "airflow" and not found.airflow:
                found.airflow = value.dotted.rpartition(".")[2]
            return []
        function = self._function(name, binding.value if binding is not None else None)
        if function is not None:
            needed = free_names(function.node)
            if binding is not None and isinstance(binding.value, Made) and (owner is not function or name in needed):
                place = owner.node if owner is not None else function.node
                raise Refusal(place, f"`{name}`", "it is an asset here, and would be a plain function in the result")
            found.names[function.name] = None
            return [(n, function) for n in needed]
        if binding is not None and isinstance(binding.value, Class):
            found.names[name] = None
            return [(n, owner if n != files.NAME else None) for n in free_names(binding.value.node)]
        if name in self.binders:
            found.names[name] = None
            needed = {n for node in self.binders[name] for n in free_names(node)}
            return [(n, None) for n in needed]
        if binding is not None:
            return self._constant(name, binding.value, binding.text, found)
        return []

    def _file(self, owner: Function | None) -> None:
        """See that `__file__` can be asked of the DAG where it is read."""
        if owner is None or isinstance(owner.node, ast.Lambda) or files.located(self._text(owner)) is None:
            place = owner.node if owner is not None else self.state.tree
            raise Refusal(
                place, "`__file__`", "the module of the result lies elsewhere", "give the path as a parameter"
            )

    def _text(self, function: Function) -> str:
        assert isinstance(function.node, FUNCTIONS)
        return function_text(function.node, self.state.writer, function.name)

    def _function(self, name: str, value: object) -> Function | None:
        if isinstance(value, (TaskFunction, GroupFunction, DagFunction)):
            value = value.function
        if isinstance(value, Function) and not isinstance(value.node, ast.Lambda):
            return value
        is_asset = isinstance(value, Made)  # what `@asset` makes of a function
        return self.functions.get(name) if value is None or is_asset else None

    def _constant(self, name: str, value: object, text: object, found: Reach) -> list[tuple[str, Function | None]]:
        """A constant of a DAG's function."""
        from pipec.backends.airflow.reading.scope import Text

        if is_constant(value):
            source = literal(value)
            needs: frozenset[str] = frozenset()
        elif isinstance(text, Text) and (not text.refs or name in self.binders):
            source, needs = text.source, text.names
            found.imports |= dict.fromkeys(sorted(text.imports))
        else:
            raise Refusal(
                self.state.tree, f"`{name}`", "a function inside of the DAG uses it, and it is not known outside"
            )
        if self.local.get(name, source) != source:
            raise Refusal(self.state.tree, f"`{name}`", "it stands for different things in different functions")
        self.local[name] = source
        found.names[name] = None
        return [(n, None) for n in needs]

    def kept(self, names: Iterable[str], steps: set[str]) -> list[Kept]:
        """The definitions of `names`, those of `steps` left out."""
        found: dict[int, Kept] = {}
        for name in names:
            if name in steps:
                continue
            function = self.functions.get(name)
            if function is not None and isinstance(function.node, FUNCTIONS):
                own = function.node
                found[id(own)] = Kept(own.lineno, self._function_source(function), (name,))
            elif name in self.local and name not in self.binders:
                found[hash(name)] = Kept(0, f"{name} = {self.local[name]}", (name,))
            else:
                for node in self.binders.get(name, ()):
                    if id(node) not in found:
                        found[id(node)] = Kept(node.lineno, self.source(node), tuple(_bound(node)))
        return list(found.values())

    def _function_source(self, function: Function) -> str:
        """A helper with its decorators, those of Airflow left out."""
        node = function.node
        assert isinstance(node, FUNCTIONS)
        text = self._text(function)
        if files.NAME in free_names(node):
            text = files.located(text) or text
        kept = [d for d in node.decorator_list if not self._is_airflow(d, function)]
        return "".join(f"@{self.state.writer.segment(d)}\n" for d in kept) + text

    def _is_airflow(self, node: ast.expr, function: Function) -> bool:
        head = next((n.id for n in ast.walk(node) if isinstance(n, ast.Name)), "")
        binding = function.scope.find(head)
        value = binding.value if binding is not None else None
        return (isinstance(value, External) and value.dotted.split(".")[0] == "airflow") or isinstance(
            value, TaskFunction
        )

    def source(self, node: ast.stmt) -> str:
        """A statement as it stands in the file, dedented, with the comments right above it."""
        lines = self.state.source.lines
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        start = first - 1
        while start > 0 and lines[start - 1].strip().startswith("#") and not _is_header(lines, start - 1):
            start -= 1
        return dedented("\n".join(lines[start : node.end_lineno]))


def _is_header(lines: tuple[str, ...], at: int) -> bool:
    """Whether the comment in line `at` belongs to the head of the file, or marks a part of the documentation."""
    text = lines[at].strip()
    return text.startswith(("#!", "# [START", "# [END")) or all(
        not line.strip() or line.startswith("#") for line in lines[:at]
    )


def _collect(body: list[ast.stmt], found: dict[str, list[ast.stmt]]) -> None:
    """Name -> the statements of the module that bind it; blocks that make DAGs are looked into."""
    for node in body:
        if isinstance(node, ast.With):
            _collect(node.body, found)
        elif isinstance(node, ast.If) and _holds_dag(node):
            _collect([*node.body, *node.orelse], found)
        elif isinstance(node, (ast.Import, ast.ImportFrom, ast.For, ast.While)):
            continue
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.If, ast.Try, ast.ClassDef)):
            for name in _bound(node):
                found.setdefault(name, []).append(node)


def _holds_dag(node: ast.AST) -> bool:
    return any(isinstance(n, (ast.With, ast.FunctionDef)) for n in ast.walk(node))


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield (alias.asname or alias.name).split(".")[0]
        return
    if isinstance(node, (ast.If, ast.Try)):
        handlers = [s for h in getattr(node, "handlers", []) for s in h.body]
        for one in (*node.body, *node.orelse, *getattr(node, "finalbody", []), *handlers):
            yield from _bound(one)
        return
    for target in ast.walk(node):
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
            yield target.id


def free_names(node: ast.AST) -> set[str]:
    """The names that a definition reads from around it; its decorators left out."""
    loads: set[str] = set()
    own: set[str] = set()
    parts = [node]
    if isinstance(node, FUNCTIONS):
        parts = [node.args, *node.body, *([node.returns] if node.returns else [])]
        own |= {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
    for part in parts:
        for one in ast.walk(part):
            if isinstance(one, ast.Name):
                (loads if isinstance(one.ctx, ast.Load) else own).add(one.id)
            elif isinstance(one, ast.arg):
                own.add(one.arg)
            elif isinstance(one, (*FUNCTIONS, ast.ClassDef)) and one is not node:
                own.add(one.name)
            elif isinstance(one, (ast.Import, ast.ImportFrom)):
                own |= set(_bound(one))
            elif isinstance(one, ast.ExceptHandler) and one.name:
                own.add(one.name)
    return loads - own if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.If, ast.Try)) else loads
