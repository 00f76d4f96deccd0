"""The programs in the containers of pipec's own documents: the user's definitions, the glue, and the fixed helpers."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from pipec.backends.kfp.program import FILES, RUNTIME
from pipec.backends.kfp.reading.values import RefusedError

MAIN = "kfp_component"
STEP = re.compile(r"# Step (?P<name>'.*?'|\".*?\") of the pipeline .*?\.(?: Cache version (?P<version>.*)\.)?\n")
SMALL = "# A small task of the pipeline "
MARK = re.compile(r"\| sed 's/(@split\d*@)//g'")


@dataclass(frozen=True)
class Chunk:
    """A top-level statement of the user's, with the comments above it."""

    source: str
    names: tuple[str, ...]
    """What it binds."""
    is_import: bool
    needs: frozenset[str]
    """The names that it mentions."""
    promptly: frozenset[str]
    """Those that it mentions where it runs at once: outside of the bodies of functions."""
    annotated: frozenset[str]
    """Those that stand in its annotations."""
    checked: frozenset[str] = frozenset()
    """Those that it binds for type checkers alone."""


@dataclass(frozen=True)
class Program:
    """What one container runs."""

    text: str

    @property
    def step(self) -> str:
        """The step that it runs; nothing where it is a small task of pipec's own."""
        found = STEP.match(self.text)
        return str(ast.literal_eval(found["name"])) if found else ""

    @property
    def version(self) -> str:
        """The version of the step's cache."""
        found = STEP.match(self.text)
        return (found["version"] or "") if found else ""

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise RefusedError("a program in it cannot be parsed") from None

    @cached_property
    def _main(self) -> int:
        at = [i for i, node in enumerate(self._tree.body) if isinstance(node, ast.FunctionDef) and node.name == MAIN]
        if not at:
            raise RefusedError(f"a program in it has no function `{MAIN}`")
        return at[-1]

    def check(self) -> None:
        """Refuse where the fixed part is not what this version of pipec writes."""
        lines = self.text.split("\n")
        known = helpers()
        *parts, last = self._tree.body[self._main + 1 :]
        for node in parts:
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if text != known.get(getattr(node, "name", "")):
                name = getattr(node, "name", "a statement")
                raise RefusedError(f"`{name}` in one of its programs is not what this version of pipec writes there")
        if ast.unparse(last) != f"if __name__ == '__main__':\n    kfp_main({MAIN})":
            raise RefusedError("one of its programs does not end as those of pipec do")

    @cached_property
    def glue(self) -> str:
        """The body of the glue, not indented."""
        node = self._tree.body[self._main]
        assert isinstance(node, ast.FunctionDef)
        lines = self.text.split("\n")[node.body[0].lineno - 1 : node.end_lineno]
        return "\n".join(line[4:] for line in lines)

    @cached_property
    def chunks(self) -> list[Chunk]:
        """The user's definitions, in the order of the program."""
        lines = self.text.split("\n")
        found: list[Chunk] = []
        end = 0
        pending: list[ast.stmt] = []
        for node in self._tree.body[: self._main]:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                end = node.end_lineno or node.lineno
                continue
            last = node.end_lineno or node.lineno
            start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            if start <= end and pending:  # on the same line as the one before it
                pending.append(node)
                found.pop()
            else:
                pending = [node]
                first = end
            source = "\n".join(lines[first:last]).strip("\n")
            found.append(_chunk(source, pending))
            end = last
        return found


class Programs:
    """The programs of a document, each read once."""

    def __init__(self, executors: Mapping[str, Any]) -> None:
        self.executors = executors
        self.all = {label: program_of(one.get("container") or {}) for label, one in executors.items()}
        self.used: dict[str, Program] = {}
        """Those that a task runs, in the order of the tasks."""

    def of(self, label: str) -> Program | None:
        """The program of an executor; `None` where it is one of the user's own, or the server's."""
        program = self.all[label]
        if not (self.executors[label].get("container") or {"image": "none"}).get("image"):
            raise RefusedError(f"the container of `{label}` has no image")
        if program is not None:
            self.used.setdefault(label, program)
        return program

    @cached_property
    def names(self) -> set[str]:
        """Everything that the user's definitions in them bind."""
        return {name for program in self.all.values() if program for chunk in program.chunks for name in chunk.names}


def program_of(container: Mapping[str, Any]) -> Program | None:
    """The program of a container; `None` where it is one of the user's own images with a command of its own."""
    command = container.get("command") or []
    if len(command) < 4 or container.get("args") != ["{{$}}"] or "ephemeral_component.py" not in command[-2]:
        return None
    text = str(command[-1])
    if marked := MARK.search(str(command[-2])):
        text = text.replace(marked[1], "")
    return Program(text)


@cache
def helpers() -> dict[str, str]:
    """The fixed helpers, by name."""
    found: dict[str, str] = {}
    for name in FILES:
        source = (RUNTIME / name).read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found[node.name] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return found


def _chunk(source: str, nodes: list[ast.stmt]) -> Chunk:
    names: dict[str, None] = {}
    needs: set[str] = set()
    promptly: set[str] = set()
    annotated: set[str] = set()
    for node in nodes:
        names |= dict.fromkeys(_bound(node))
        needs |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        promptly |= _prompt(node)
        annotated |= _annotations(node)
    only_imports = all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes)
    checked = frozenset(name for node in nodes for name in _checked(node))
    return Chunk(
        source, tuple(names), only_imports, frozenset(needs), frozenset(promptly), frozenset(annotated), checked
    )


def _checked(node: ast.stmt) -> set[str]:
    """The names that `if TYPE_CHECKING:` binds and its `else` does not."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), body=body, orelse=orelse):
            return {n for s in body for n in _bound(s)} - {n for s in orelse for n in _bound(s)}
    return set()


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [a.asname or a.name.split(".")[0] for a in node.names]
    found = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    for inner in ast.walk(node):
        if inner is not node and isinstance(inner, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            found += _bound(inner)
    return found


def _prompt(node: ast.AST) -> set[str]:
    """The names that `node` looks up when it is run itself, annotations left out."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        inner: list[ast.AST] = [*node.decorator_list, *node.args.defaults]
        inner += [d for d in node.args.kw_defaults if d is not None]
    elif isinstance(node, ast.Lambda):
        inner = [*node.args.defaults]
    elif isinstance(node, ast.AnnAssign):
        inner = [node.target, *([node.value] if node.value else [])]
    else:
        inner = list(ast.iter_child_nodes(node))
    return {name for child in inner for name in _prompt(child)}


def _annotations(node: ast.stmt) -> set[str]:
    found: list[ast.expr | None] = []
    for inner in ast.walk(node):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(inner.returns)
        elif isinstance(inner, (ast.arg, ast.AnnAssign)):
            found.append(inner.annotation)
    return {n.id for one in found if one is not None for n in ast.walk(one) if isinstance(n, ast.Name)}
