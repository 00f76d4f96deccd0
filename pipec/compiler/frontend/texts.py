"""Text files of the project that a module reads: their texts are part of it, as constants.

Reading a file that lies beside the code is no running of it. What reads one becomes a constant in the syntax tree, so
that all that looks at the module sees the text, and in the text of the definitions that generated code gets.
"""

from __future__ import annotations

import ast
import contextlib
import io
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

from pipec.compiler.frontend.bindings import checks_types
from pipec.compiler.frontend.project import Module, Replaced, replaced
from pipec.compiler.frontend.references import local_names
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.pysource.paths import Names, Reading, UnknownPathError, opened, reading
from pipec.compiler.pysource.text import text_literal
from pipec.compiler.reading.text_files import UnreadableTextError, text_of

_N = TypeVar("_N", bound=ast.AST)
_How: TypeAlias = Callable[[ast.expr, Names], Reading | None]
_TAKES = {"json.load": "loads", "yaml.safe_load": "safe_load", "tomllib.load": "loads", "tomli.load": "loads"}
"""Functions that read all of an open file, and what does the same with its text."""
_BYTES = ("tomllib.load", "tomli.load")
"""Those of them that take bytes."""
_READS = ("read_text", "open")
"""One of these words is in each module that reads a text file."""


@dataclass(frozen=True)
class Texts:
    """Puts the texts of files into the modules of a project."""

    resolver: Resolver

    def filled(self, module: Module) -> Module:
        """`module` with the texts of the files of the project that it reads."""
        if not any(word in module.text for word in _READS):
            return module
        found = _Reads(_ModuleNames(self.resolver, module), module, self.resolver.project.folders)
        tree = found.visit(module.tree)
        if not found.texts:
            return module
        filled = Module(module.name, module.path, module.file, module.text, tree, module.is_package)
        filled.texts = tuple(sorted(found.texts))
        filled.unread = found.unread
        return filled


@dataclass(frozen=True)
class _ModuleNames:
    """What names mean at the top level of a module."""

    resolver: Resolver
    module: Module

    @property
    def file(self) -> Path:
        return self.module.path

    def external(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name) and node.id == "__file__" and "__file__" not in self.module.bindings:
            return "__file__"
        found = self.resolver.expression(self.module, node)
        return found.dotted if found is not None and found.kind in ("external", "builtin") else None

    def defined(self, node: ast.expr) -> tuple[Names, ast.AST] | None:
        found = self.resolver.expression(self.module, node)
        if found is None or found.module is None or found.node is None or found.kind not in ("constant", "function"):
            return None
        return _ModuleNames(self.resolver, found.module), found.node


@dataclass(frozen=True)
class _Text:
    """The text of a file, or why it is not known."""

    text: str
    place: ast.expr
    unknown: str = ""


class _Reads(ast.NodeTransformer):
    """Replaces what reads a text file."""

    def __init__(self, names: _ModuleNames, module: Module, folders: Sequence[Path]) -> None:
        self.names = names
        self.module = module
        self.folders = folders
        self.texts: list[Replaced] = []
        self.unread: dict[int, tuple[ast.AST, str]] = {}
        self._hidden: list[set[str]] = []
        """Names that mean something else in the scopes around."""

    # scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        self.visit(node.args)
        self._hidden.append(local_names(node))
        node.body = [self.visit(statement) for statement in node.body]
        self._hidden.pop()
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._scope(node, {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _stored(n)})

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._scope(node, local_names(node))

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        return self._scope(node, {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _stored(n)})

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _scope(self, node: _N, hidden: set[str]) -> _N:
        self._hidden.append(hidden)
        self.generic_visit(node)
        self._hidden.pop()
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node  # before Python 3.12 what is inside of it has no place, and another text no quotes

    def visit_If(self, node: ast.If) -> ast.AST:
        return node if checks_types(node) else self.generic_visit(node)

    # what reads

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if (text := self._text(node, reading)) is not None:
            return self._constant(node, text)
        match node:
            case ast.Call(func=ast.Attribute() as function, args=[first]):
                if (taker := self._taker(function)) and (text := self._text(first, _how(taker))) is not None:
                    return self._loads(node, function, text)
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """The parentheses around an expression that becomes a literal go with it."""
        node.targets = [self.visit(target) for target in node.targets]
        self._whole(node, node.targets[-1])
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            self._whole(node, node.annotation)
        return node

    def _whole(self, node: ast.Assign | ast.AnnAssign, before: ast.expr) -> None:
        assert node.value is not None
        known = len(self.texts)
        value = node.value
        node.value = self.visit(value)
        if isinstance(node.value, ast.Constant) and len(self.texts) == known + 1:
            found, text = self.texts[-1], self.module.text
            start = text.index("=", self._range(before)[1]) + 1
            start += len(text[start : found.start]) - len(text[start : found.start].lstrip(" "))
            end = self._range(node)[1]
            if "#" not in text[start : found.start] + text[found.end : end]:
                self.texts[-1] = Replaced(start, end, found.literal)

    def visit_With(self, node: ast.With) -> ast.AST:
        """`with open(...) as file: TEXT = file.read()`."""
        match node:
            case ast.With(
                items=[ast.withitem(context_expr=context, optional_vars=ast.Name(id=name))],
                body=[ast.Assign() | ast.AnnAssign() | ast.Return() as inner],
            ) if inner.value is not None:
                uses = [n for n in ast.walk(inner) if isinstance(n, ast.Name) and n.id == name]
                how = self._takes_all(inner, uses[0]) if len(uses) == 1 else None
                if how is not None:
                    if (text := self._text(context, how)) is not None:
                        return self._unwrapped(node, inner, uses[0], text)
        return self.generic_visit(node)

    def _takes_all(self, node: ast.AST, file: ast.Name) -> _How | None:
        """How `file` has to be opened for `node`, which reads all of it, and does nothing else with it."""
        for call in ast.walk(node):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr="read"), args=[], keywords=[]):
                    if owner is file:
                        return opened
                case ast.Call(func=ast.Attribute() as function, args=[ast.Name() as given]):
                    if given is file and (taker := self._taker(function)):
                        return _how(taker)
        return None

    def _taker(self, function: ast.Attribute) -> str:
        """The dotted name of a function that takes all of an open file; "" for others."""
        if not self._is_plain(function):
            return ""
        name = self.names.external(function) or ""
        return name if name in _TAKES else ""

    def _unwrapped(self, node: ast.With, inner: ast.stmt, file: ast.Name, text: _Text) -> ast.AST:
        """The one statement of a `with` block, in its place."""
        (start, end), (first, last) = self._range(node), self._range(inner)
        before, self.texts = self.texts, []
        swapped: ast.stmt = _Swap(self, file, text).visit(inner)
        whole = self.module.text
        indent = whole[whole.rfind("\n", 0, start) + 1 : start]
        comments = "".join(f"{comment}\n{indent}" for comment in _comments(whole[start:first]))
        literal = comments + replaced(whole, first, last, sorted(self.texts))
        self.texts = [*before, Replaced(start, end, literal)]
        return ast.copy_location(swapped, node)

    def _loads(self, node: ast.Call, function: ast.Attribute, text: _Text) -> ast.Call:
        """`json.load(open(...))`."""
        end, name = self._range(function)[1], _TAKES[self._taker(function)]
        self.texts.append(Replaced(end - len(function.attr), end, name))
        function.attr = name
        node.args = [self._constant(node.args[0], text)]
        return node

    def _constant(self, node: ast.expr, text: _Text) -> ast.expr:
        self.texts.append(Replaced(*self._range(node), text_literal(text.text)))
        constant = ast.copy_location(ast.Constant(text.text), node)
        if text.unknown:
            self.unread[id(constant)] = (text.place, text.unknown)
        return constant

    def _range(self, node: ast.AST) -> tuple[int, int]:
        place = ast.copy_location(ast.Pass(), node)
        start = self.module.offset(place.lineno, place.col_offset)
        return start, self.module.offset(place.end_lineno or place.lineno, place.end_col_offset or 0)

    def _text(self, node: ast.expr, how: _How) -> _Text | None:
        """The text that `node` reads; `None` where it reads none."""
        if not self._is_plain(node):
            return None
        try:
            found = how(node, self.names)
            return None if found is None else _Text(text_of(found, self.folders), node)
        except (UnknownPathError, UnreadableTextError) as error:
            return _Text("", node, str(error))

    def _is_plain(self, node: ast.expr) -> bool:
        """Whether names in `node` mean what they mean at the top level of the module."""
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return all(used.isdisjoint(hidden) for hidden in self._hidden)


class _Swap(ast.NodeTransformer):
    """Puts the text of a file where all of an open one is read."""

    def __init__(self, reads: _Reads, file: ast.Name, text: _Text) -> None:
        self.reads = reads
        self.file = file
        self.text = text

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="read")) if owner is self.file:
                return self.reads._constant(node, self.text)
            case ast.Call(func=ast.Attribute() as function, args=[given]) if given is self.file:
                return self.reads._loads(node, function, self.text)
        return self.generic_visit(node)


def _comments(head: str) -> Iterator[str]:
    """The comments in the head of a block."""
    with contextlib.suppress(tokenize.TokenError, SyntaxError):  # it ends in the middle
        for token in tokenize.generate_tokens(io.StringIO(head).readline):
            if token.type == tokenize.COMMENT:
                yield token.string


def _how(taker: str) -> _How:
    """How a file is opened for a function that takes all of it."""
    return partial(opened, binary=True) if taker in _BYTES else opened


def _stored(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)
