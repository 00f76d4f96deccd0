"""Reads a file of Metaflow flows, as text only."""

from __future__ import annotations

import ast
import re

from pipec.backends.metaflow.reading import keeping, ours
from pipec.backends.metaflow.reading.flows import File, Finder, Flow, parsed
from pipec.backends.metaflow.reading.migrate import Migrated, Migration, Taken
from pipec.backends.metaflow.reading.syntax import MOST_TEXT, TARGET, Refused
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import NothingToMigrate, UnreadablePipeline
from pipec.compiler.reading import Definition, Item, Module, Outcome, Source, StepFunction

MENTIONS = re.compile(r"^\s*(?:from|import)\s+metaflow\b", re.MULTILINE)
DEEPEST = 90
"""Levels of indentation or brackets; CPython itself takes a hundred, and no more."""


class MetaflowReader:
    """Flows -> a plain Python module."""

    def looks_like(self, source: Source) -> bool:
        """Whether the file imports Metaflow and has a flow."""
        return source.path.suffix == ".py" and "FlowSpec" in source.text and bool(MENTIONS.search(source.text))

    def read(self, source: Source, report: Report) -> Outcome:
        """Read all flows of the file; one that cannot be migrated is left out."""
        file = self._parsed(source, report)
        if file is None:
            return Outcome(None)
        finder = Finder(file)
        try:
            flows = list(finder.flows())
        except RecursionError:
            report.add(UnreadablePipeline(source.start, TARGET, "it is nested too deeply"))
            return Outcome(None)
        if not flows:
            report.add(NothingToMigrate(source.start, TARGET))
            return Outcome(None)
        taken = Taken(fixed=self._fixed(file, finder))
        done: dict[str, Migrated] = {}
        bases = {base.id for flow in flows for base in flow.node.bases if isinstance(base, ast.Name)}
        for flow in flows:
            made = self._migrated(flow, taken, report if flow.name not in bases else Report())
            if made is not None:
                done[flow.name] = made
        if not done:
            return Outcome(None)
        return Outcome(self._module(file, finder, done), tuple(made.read for made in done.values()))

    def _parsed(self, source: Source, report: Report) -> File | None:
        def broken(line: int, reason: str) -> None:
            report.add(UnreadablePipeline(source.at(line), TARGET, reason))

        if len(source.text) > MOST_TEXT:
            broken(1, f"it has more than {MOST_TEXT} characters")
            return None
        if (line := _too_deep(source.text)) is not None:
            broken(line, "it is nested too deeply")
            return None
        try:
            file = parsed(source)
            file.concrete  # noqa: B018 -- LibCST may refuse what `ast` takes
        except SyntaxError as error:
            broken(error.lineno or 1, f"{error.msg}")
            return None
        except (ValueError, RecursionError, MemoryError) as error:
            broken(1, "it is no Python source" if isinstance(error, ValueError) else "it is nested too deeply")
            return None
        except Exception as error:  # LibCST's own
            if type(error).__module__.split(".")[0] != "libcst":
                raise
            broken(getattr(error, "raw_line", 1), "it is no Python source")
            return None
        return file

    def _migrated(self, flow: Flow, taken: Taken, report: Report) -> Migrated | None:
        before, shared = dict(taken.texts), dict(taken.shared)
        own = Report()
        try:
            made = Migration(flow, taken, own).run()
        except Refused as refused:
            report.add(refused.finding)
            taken.texts, taken.shared = before, shared
            return None
        except RecursionError:
            report.add(UnreadablePipeline(flow.file.source.span(flow.node), TARGET, "it is nested too deeply"))
            taken.texts, taken.shared = before, shared
            return None
        for finding in own.findings:
            report.add(finding)
        return made

    def _fixed(self, file: File, finder: Finder) -> set[str]:
        flows = {node.name for node in file.classes.values() if finder.is_flow(node)}
        return keeping.bound_at_top(file.tree) - flows

    # The module.

    def _module(self, file: File, finder: Finder, done: dict[str, Migrated]) -> Module:
        items: list[Item] = []
        imports: list[tuple[ast.Import | ast.ImportFrom, ast.alias]] = []
        for piece in keeping.pieces(file):
            (first, *_) = piece.nodes
            if isinstance(first, (ast.Import, ast.ImportFrom)):
                imports += [
                    (n, one) for n in piece.nodes if isinstance(n, (ast.Import, ast.ImportFrom)) for one in n.names
                ]
            elif isinstance(first, ast.ClassDef) and finder.is_flow(first):
                if first.name in done:
                    items += done[first.name].items
            elif not keeping.is_main(first) and not self._is_infrastructure(file, piece.nodes, done):
                items.append(self._kept(piece, done))
        items = self._without_helpers(file, items)
        texts = [item.source for item in items if isinstance(item, (Definition, StepFunction))]
        used = keeping.names_used(texts)
        statements = [
            keeping.import_of(node, one)
            for node, one in imports
            if (one.asname or one.name).split(".")[0] in used or self._stays(file, finder, node, one)
        ]
        more = sorted({one for made in done.values() for one in made.imports})
        doc = ast.get_docstring(file.tree) or ""
        return Module(tuple(items), (*statements, *more), doc)

    def _kept(self, piece: keeping.Kept, done: dict[str, Migrated]) -> Item:
        (first, *_) = piece.nodes
        for flow in done.values():
            if isinstance(first, ast.FunctionDef) and (own := flow.direct.get(first.name)) is not None:
                return StepFunction(piece.source, own.settings, tuple(own.remarks))
        return Definition(piece.source)

    def _stays(self, file: File, finder: Finder, node: ast.Import | ast.ImportFrom, one: ast.alias) -> bool:
        """Whether a name that nothing mentions is imported all the same: a person may have had a reason."""
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return True
        return not (file.is_ours or keeping.is_ours(node, one) or finder.is_base(file, one.asname or one.name))

    def _without_helpers(self, file: File, items: list[Item]) -> list[Item]:
        """Without what pipec gives to flows, where nothing needs it any more."""
        if not file.is_ours:
            return items
        kept = list(items)
        for item in items:
            name = _defined(item)
            others = [one.source for one in kept if one is not item and isinstance(one, (Definition, StepFunction))]
            if file.helpers.get(name) in ours.HELPERS and name not in keeping.names_used(others):
                kept.remove(item)
        return kept

    def _is_infrastructure(self, file: File, nodes: tuple[ast.stmt, ...], done: dict[str, Migrated]) -> bool:
        """Calls of flows, and classes that are decorators or bases of flows."""
        (node, *more) = nodes
        if more:
            return False
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
                return name in file.classes and name in done
            case ast.FunctionDef() if file.is_ours and ours.hook(node):
                return True
            case ast.ClassDef(name=name):
                words = [file.imported.word(base) for base in node.bases]
                return "StepMutator" in words or name == ours.COPIES
        return False


def _defined(item: Item) -> str:
    """The function or class that a definition is."""
    if not isinstance(item, Definition):
        return ""
    (node, *_) = [*ast.parse(item.source).body, None]
    return node.name if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ""


def _too_deep(text: str) -> int | None:
    """The line in which brackets or blocks are nested deeper than a parser should have to take."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        indent = len(line) - len(line.lstrip(" \t"))
        if indent > 4 * DEEPEST and line.strip():
            return number
        for char in line:
            if char in "([{":
                depth += 1
                if depth > DEEPEST:
                    return number
            elif char in ")]}":
                depth = max(0, depth - 1)
    return None
