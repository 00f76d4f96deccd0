"""What cannot be taken out of its module safely, and why."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping

from pipec.compiler.diagnostics import Finding
from pipec.compiler.diagnostics.risk import AnnotationsAsText, ImportedByText
from pipec.compiler.diagnostics.source import UnreadableText, UnresolvedName, Unsliceable
from pipec.compiler.frontend.bindings import bound_names, checks_types, inner_statements
from pipec.compiler.frontend.execution import Execution
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.references import References
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.frontend.sliced import Key, Unit
from pipec.ir import Span

_NO_FILE = (
    "in a task the module's file is not there; pass the data as a parameter or an artifact, or read a text file beside "
    'the module all at once, as in `TEXT = Path(__file__).with_name("text.txt").read_text()`'
)
_BY_NAME = "only what a step mentions by name goes with it; put what it looks up into a dict"
DUNDERS = {
    "__file__": _NO_FILE,
    "__path__": _NO_FILE,
    "__package__": "a task has no such package",
    "__spec__": "a task has no such module",
    "__loader__": "a task has no such module",
    "__name__": "",
    "__doc__": "",
}
"""What every module knows about itself, and why a step may not use it."""
_OUTSIDE = {
    "sys.modules": _BY_NAME,
    "inspect.getfile": _NO_FILE,
    "inspect.getsourcefile": _NO_FILE,
    "inspect.getabsfile": _NO_FILE,
}
_BY_TEXT = ("importlib.import_module", "importlib.resources", "pkgutil.get_data", "importlib.util.find_spec")
_SHADOWED_WORDS = (
    "abs all any bool bytes divmod filter float hash input int map max min open pow range round set sorted str sum type"
)
_SHADOWED = frozenset(_SHADOWED_WORDS.split())
"""Builtins that libraries export under the same names."""


def of_statement(resolver: Resolver, unit: Unit, node: ast.stmt, found: References) -> Iterator[Finding]:
    """What a whole statement does that has no meaning in a task."""
    if (unread := unit.module.unread_in(node)) is not None:
        yield UnreadableText(unit.module.span(unread[0]), unread[1])
    yield from _inner_imports(resolver, unit, node)
    yield from _reflection(resolver, unit, node, found)
    for dotted in sorted({*found.dotted, *found.bare}):
        root = dotted.split(".")[0]
        target = resolver.expression(unit.module, ast.parse(dotted, mode="eval").body)
        if target is not None and target.kind == "external":
            for name, reason in _OUTSIDE.items():
                if target.dotted == name or target.dotted.startswith(f"{name}."):
                    yield Unsliceable(unit.module.span(found.all().get(root, node)), f"`{name}`", reason)


def _inner_imports(resolver: Resolver, unit: Unit, node: ast.stmt) -> Iterator[Finding]:
    for inner in _runs(node):
        if inner is node or not isinstance(inner, (ast.Import, ast.ImportFrom)):
            continue
        modules = [a.name for a in inner.names] if isinstance(inner, ast.Import) else [unit.module.absolute(inner)]
        top = inner in _at_top(node)
        for dotted in modules:
            if dotted.split(".")[0] == "pipec":
                reason = "it imports pipec, and generated code does not"
            elif resolver.module_target(dotted).kind != "module":
                continue
            elif top:
                reason = f"it imports {dotted!r} of the project under a condition; import it unconditionally"
            else:
                where = "in a function, and the name means more than that or the import may fail"
                reason = f"it imports {dotted!r} of the project {where}; import it at the top level of the module"
            yield Unsliceable(unit.module.span(inner), f"`{unit.names[0]}`", reason)


def _runs(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and what is inside of it, without what only type checkers read; of that, imports of pipec."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.If) and checks_types(node) and child in node.body:
            inner = [n for n in ast.walk(child) if isinstance(n, ast.ImportFrom)]
            yield from (n for n in inner if (n.module or "").split(".")[0] == "pipec")
        else:
            yield from _runs(child)


def _at_top(node: ast.stmt) -> Iterator[ast.stmt]:
    for child in inner_statements(node):
        yield child
        yield from _at_top(child)


def _reflection(resolver: Resolver, unit: Unit, node: ast.stmt, found: References) -> Iterator[Finding]:
    postponed = "annotations" in unit.module.bindings  # `from __future__ import annotations`
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute):
            if inner.attr == "__subclasses__":
                yield Unsliceable(unit.module.span(inner), "`__subclasses__()`", _BY_NAME)
            elif inner.attr in ("__annotations__", "annotation", "return_annotation") and not postponed:
                text = ast.unparse(inner)
                if inner.attr == "__annotations__" or "signature" in text or "param" in text.lower():
                    yield AnnotationsAsText(unit.module.span(inner), text)
        elif isinstance(inner, ast.Call):
            yield from _call(resolver, unit, inner, found)


def _call(resolver: Resolver, unit: Unit, call: ast.Call, found: References) -> Iterator[Finding]:
    root = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or root.id not in found.all():
        return
    target = resolver.expression(unit.module, call.func)
    if target is None:
        return
    span = unit.module.span(call)
    if target.kind == "builtin" and target.name in ("eval", "exec") and len(call.args) + len(call.keywords) == 1:
        yield Unsliceable(span, f"`{target.name}(...)`", "the names in its text are not known; pass a dict of them")
    elif target.kind == "builtin" and target.name in ("vars", "locals", "dir") and not call.args:
        if root.id in found.eager:
            yield Unsliceable(span, f"`{target.name}()`", _BY_NAME)
    elif target.dotted.startswith(_BY_TEXT) or (target.kind == "builtin" and target.name == "__import__"):
        yield from _by_text(resolver, unit, call, target.dotted)


def _by_text(resolver: Resolver, unit: Unit, call: ast.Call, function: str) -> Iterator[Finding]:
    span, given = unit.module.span(call), call.args[0] if call.args else None
    if isinstance(given, ast.JoinedStr) and given.values:
        given = given.values[0]
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        top = given.value.split(".")[0]
        if given.value.startswith(".") or resolver.module_target(top).kind == "module":
            reason = "it names a module of the project by text, which goes with no step; import what it needs of it"
            yield Unsliceable(span, f"`{function}(...)`", reason)
    elif given is not None and not function.startswith("importlib.resources"):
        yield ImportedByText(span, function)


def of_builtin(resolver: Resolver, unit: Unit, name: str, place: ast.AST, annotation: bool) -> Iterator[Finding]:
    """Builtins that have no meaning in a task, or may be something else."""
    span = unit.module.span(place)
    if name == "globals":
        yield Unsliceable(span, "`globals()`", _BY_NAME)
    elif name in _SHADOWED and not annotation and (star := of_star(resolver, unit.module, name, span)):
        yield star


def of_star(resolver: Resolver, module: Module, name: str, span: Span) -> Finding | None:
    """Why a name that nothing of the project binds is not known, where a library's star import may bind it."""
    seen, todo = {module.name}, [module]
    while todo:
        here = todo.pop()
        for star in here.stars.values():
            if star.split(".")[0] == "pipec" or star in seen:
                continue
            seen.add(star)
            other = resolver.project.module(star)
            if other is not None:
                todo.append(other)
            else:
                return Unsliceable(span, f"`from {star} import *`", f"{name!r} may come from it; import it by name")
    return None


def of_missing(resolver: Resolver, module: Module, name: str, span: Span, step: str, shown: str = "") -> Finding:
    """The finding about a name that nothing binds."""
    for statement in module.bindings.get(name, []):
        found = statement.imports.get(name)
        other = resolver.project.module(found.module) if found else None
        if other is not None and "__getattr__" in other.bindings:
            module = other
    if "__getattr__" in module.bindings:
        reason = f"`__getattr__` of {module.name!r} makes it up when it is asked for; bind it at the module's top level"
        return Unsliceable(span, f"`{shown or name}`", reason)
    return UnresolvedName(span, shown or name, step)


def binds_globally(module: Module, name: str) -> bool:
    """Whether a function of `module` declares `name` global."""
    return name in module.bound_globally


def names_module(nodes: Iterable[ast.stmt]) -> bool:
    """Whether `module=__name__` says where pickles find what is made, which must be the generated file."""
    keywords = [k for node in nodes for k in ast.walk(node) if isinstance(k, ast.keyword) and k.arg == "module"]
    return any(isinstance(k.value, ast.Name) and k.value.id == "__name__" for k in keywords)


def of_conditional_import(resolver: Resolver, module: Module, name: str) -> Finding | None:
    """Why it is not known which module of the project a name comes from, if it is not."""
    statement = module.bindings[name][-1] if name in module.bindings else None
    if statement is None or name not in statement.imports or isinstance(statement.node, (ast.Import, ast.ImportFrom)):
        return None
    inner = [n for n in _at_top(statement.node) if name in _bound_here(n)]
    imports = [module.imports(n)[name] for n in inner if name in module.imports(n)]
    targets = [resolver.module_target(i.module) for i in imports]
    if not any(t.kind == "module" for t in targets):
        return None
    if len({(i.module, i.attribute) for i in imports}) == len(inner) == 1 or (
        len({(i.module, i.attribute) for i in imports}) == 1 and len(imports) == len(inner)
    ):
        return None
    body = getattr(statement.node, "body", [])
    if isinstance(statement.node, ast.Try) and targets[0].module is not None and any(n in body for n in inner):
        execution = Execution(resolver)
        execution.run(targets[0].module)
        if not any(_libraries(resolver, m) for m in execution.modules):
            return None
    what = f"`{name}`"
    reason = "what is installed decides which module of the project it comes from; import one of them"
    if isinstance(statement.node, ast.If):
        reason = "a condition decides which module of the project it comes from; import both, and choose in a function"
    return Unsliceable(module.span(statement.node), what, reason)


def _bound_here(node: ast.stmt) -> tuple[str, ...]:
    return () if inner_statements(node) else bound_names(node)


def _libraries(resolver: Resolver, module: Module) -> bool:
    """Whether importing a module needs anything that may be missing."""
    found = [i.module for s in module.statements for i in s.imports.values()] + list(module.stars.values())
    tops = {dotted.split(".")[0] for dotted in found if resolver.module_target(dotted).kind != "module"}
    return not tops <= {*sys.stdlib_module_names, "pipec"}


def rebound_imports(units: Iterable[Unit], known: Mapping[Key, Unit]) -> Iterator[Finding]:
    """Names imported by value that code of the slice binds again in their own module."""
    units = list(units)
    rebound = {
        (unit.module.name, name)
        for unit in units
        for node in unit.nodes
        for inner in ast.walk(node)
        if isinstance(inner, ast.Global)
        for name in inner.names
    }
    if not rebound:
        return
    for unit in units:
        for name, key in unit.links.items():
            other = known[key]
            if "." not in name and other.module is not unit.module and (other.module.name, name) in rebound:
                reason = f"`global` binds it again in {other.module.name!r}, which an import by value does not see"
                yield Unsliceable(unit.module.span(unit.places[name]), f"`{name}`", reason)
