"""What works in plain Python because all steps and modules share one process and one folder, and may not in a task."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pipec.compiler.diagnostics import Finding
from pipec.compiler.diagnostics.modules import ProjectFile, RunsOnImport, SettingLeftOut, SharedState
from pipec.compiler.diagnostics.source import Unsliceable
from pipec.compiler.frontend.effects import Effect, Effects
from pipec.compiler.frontend.mutations import Mutations
from pipec.compiler.frontend.project import Project
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.frontend.sliced import Unit


def of_modules(effects: Effects) -> Iterator[Finding]:
    """What importing the project does."""
    for effect in effects.starts:
        yield RunsOnImport(effect.module.span(effect.statement.node))


def of_settings(left_out: Iterable[Effect]) -> Iterator[Finding]:
    """Settings that no task makes."""
    for effect in left_out:
        yield SettingLeftOut(effect.module.span(effect.statement.node), min(effect.outside))


def of_paths(effects: Effects, project: Project, units: Iterable[Unit]) -> Iterator[Finding]:
    """Changes of `sys.path` through which modules are found that would have to go with a step."""
    libraries = sorted({u.distribution for u in units if u.distribution})
    for effect in effects.paths:
        folders = _folders(effect, project)
        for library in libraries:
            if any((f / f"{library}.py").is_file() or (f / library / "__init__.py").is_file() for f in folders):
                reason = f"{library!r} is found through it, whose code goes with no step; name its folder"
                reason += " in `paths` of `[tool.pipec]`"
                yield Unsliceable(effect.module.span(effect.statement.node), "this change of `sys.path`", reason)


def _folders(effect: Effect, project: Project) -> list[Path]:
    """The folders that a change of `sys.path` may mean: its texts, joined from the front."""
    nodes = [n for n in ast.walk(effect.statement.node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    texts = [str(n.value) for n in sorted(nodes, key=lambda n: (n.lineno, n.col_offset))]
    parents = [project.root, *list(effect.module.path.parents)[:4]]
    return [p.joinpath(*texts[:n]) for p in parents for n in range(len(texts) + 1)]


def of_files(project: Project, units: Iterable[Unit]) -> Iterator[Finding]:
    """Texts that are names of files of the project."""
    for unit in units:
        nodes = [n for top in unit.nodes for n in ast.walk(top)]
        texts = [n for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        files = [n for n in texts if _is_file(project, unit, str(n.value))]
        made = _made(nodes) if files else set()
        for node in files:
            if node.value not in made:
                yield ProjectFile(unit.module.span(node), str(node.value))


_WRITERS = frozenset(
    (
        "dump", "mkdir", "save", "savefig", "savez", "savez_compressed", "to_csv", "to_json", "to_parquet", "to_pickle",
        "touch", "write_bytes", "write_text",
    )
)  # fmt: skip
"""Methods that make a file of the path that they are called on, or with."""


def _made(nodes: Iterable[ast.AST]) -> set[str]:
    """The names of files that code writes itself: they are in the folder for an earlier run alone."""
    bound: dict[str, set[str]] = {}
    calls: list[ast.Call] = []
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in (t for t in node.targets if isinstance(t, ast.Name)):
                bound.setdefault(target.id, set()).update(_texts(node.value))
        elif isinstance(node, ast.Call):
            calls.append(node)
    made: set[str] = set()
    for call in calls:
        mode = next(filter(None, map(_mode, [*call.args, *(k.value for k in call.keywords)])), "")
        opens = isinstance(call.func, (ast.Name, ast.Attribute)) and ast.unparse(call.func).rpartition(".")[2] == "open"
        writes = isinstance(call.func, ast.Attribute) and call.func.attr in _WRITERS
        if writes or (opens and mode[:1] in ("w", "x", "a")):
            places = [call.func, *call.args] if isinstance(call.func, ast.Attribute) else call.args[:1]
            for place in places:
                made |= _texts(place).union(*(bound.get(n, set()) for n in _names(place)))
    return made


def _mode(node: ast.expr) -> str:
    """How a file is opened, where `node` says it: "w", "rb"."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 3:
        return node.value
    return ""


def _texts(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _is_file(project: Project, unit: Unit, text: str) -> bool:
    if not 2 < len(text) < 200 or "\n" in text or "\0" in text or text.startswith("/") or "." not in text[1:]:
        return False
    return any((folder / text).is_file() for folder in (project.root, unit.module.path.parent))


def of_state(resolver: Resolver, slices: Mapping[str, list[Unit]]) -> Iterator[Finding]:
    """Objects of modules that one step changes and another one uses."""
    mutations = Mutations(resolver)
    users: dict[tuple[str, str], list[tuple[str, Unit]]] = {}
    for step, units in slices.items():
        for unit in units:
            for key in unit.links.values():
                users.setdefault(key, []).append((step, unit))
    told: set[tuple[str, str]] = set()
    for step, units in slices.items():
        for unit in units:
            if unit.kind not in ("function", "class"):
                continue
            for (module, name), node in mutations.changes_in(unit.scope, unit.nodes):
                key = (module, name)
                others = [s for s, u in users.get(key, ()) if s != step and u is not unit]
                if others and key not in told:
                    told.add(key)
                    yield SharedState(unit.module.span(node), name, step, others[0])
