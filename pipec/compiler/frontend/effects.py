"""What importing the project's modules changes besides binding names: registries, `os.environ`, seeds, logging."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipec.compiler.frontend.bindings import header, inner_statements
from pipec.compiler.frontend.components import is_marked
from pipec.compiler.frontend.execution import Execution
from pipec.compiler.frontend.mutations import Key, Mutations
from pipec.compiler.frontend.project import Module, TopLevel
from pipec.compiler.frontend.resolve import Resolver, Target

_PROCESS_WORDS = (
    "asyncio csv decimal faulthandler gc locale logging mimetypes multiprocessing random socket ssl sys "
    "threading warnings"
)
_PROCESS = frozenset(_PROCESS_WORDS.split())
"""Modules of the standard library whose functions set what the whole process sees."""
_PROCESS_PARTS = ("os.environ", "os.putenv", "os.umask")
_WORLD = frozenset(["os", "pathlib", "shutil", "subprocess", "time", "webbrowser"])
"""Modules whose functions act on files and the machine, which nothing in the process remembers."""
_ARGUMENTS = ("bisect.", "functools.update_wrapper", "heapq.", "operator.", "random.shuffle")
"""Functions of the standard library that change what they are given."""
_SILENT = frozenset(["print", "debug", "info", "warning", "error", "exception", "critical", "log"])
"""Calls that only say something."""


@dataclass(frozen=True)
class Effect:
    """One top-level statement with what it changes."""

    module: Module
    statement: TopLevel
    changed: frozenset[Key]

    @property
    def outside(self) -> frozenset[str]:
        """What it changes outside of the project, dotted: "os.environ", "numpy.random.seed"."""
        found = (dotted for module, dotted in self.changed if not module)
        return frozenset(d for d in found if d.split(".")[0] not in _WORLD or d.startswith(_PROCESS_PARTS))

    @property
    def everywhere(self) -> bool:
        """Whether it changes what every step sees, also one that does not mention it."""
        return any(d.split(".")[0] in _PROCESS or d.startswith(_PROCESS_PARTS) for d in self.outside)


class Effects:
    """The effects of all modules that run when the modules given to `include` are imported."""

    def __init__(self, resolver: Resolver, execution: Execution) -> None:
        self.resolver = resolver
        self.execution = execution
        self.outside: list[Effect] = []
        """Those that change something outside of the project."""
        self.paths: list[Effect] = []
        """Those that change where Python looks for modules."""
        self.starts: list[Effect] = []
        """Those that run a pipeline."""
        self._of: dict[Key, list[Effect]] = {}
        self._mutations = Mutations(resolver)
        self._reaches: dict[str, tuple[bool, list[Target]]] = {}
        """Function -> whether it is a pipeline, and the functions that it calls."""
        self._read = 0

    def include(self, module: Module) -> None:
        """Take in what importing `module` runs."""
        self.execution.run(module)
        while self._read < len(self.execution.modules):
            other = self.execution.modules[self._read]
            self._read += 1
            for statement in other.statements:
                self._add(Effect(other, statement, frozenset(self._changed(other, statement.node))))

    def of(self, module: Module, name: str) -> list[Effect]:
        """The statements that change what `name` of `module` is bound to."""
        return self._of.get((module.name, name), [])

    def changed(self) -> set[Key]:
        """Module and name of all that is changed."""
        return set(self._of)

    def _add(self, effect: Effect) -> None:
        node = effect.statement.node
        if not effect.changed and not isinstance(node, ast.Expr):
            return
        if self._starts_pipeline(effect.module, node):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.starts.append(effect)
            return
        if any(d.startswith("sys.path") for d in effect.outside):
            self.paths.append(effect)
            return
        for key in sorted(effect.changed):
            if key[0] and not (key[0] == effect.module.name and key[1] in effect.statement.binds):
                self._of.setdefault(key, []).append(effect)
        if effect.outside:
            self.outside.append(effect)

    def _starts_pipeline(self, module: Module, node: ast.AST) -> bool:
        """Whether a statement is a pipeline, or calls one, also through functions: those do not go with a step."""
        if is_marked(self.resolver, module, node, "pipeline"):
            return True
        return any(self._pipelines_below(target) for target in self._called(module, node))

    def _called(self, module: Module, node: ast.AST) -> list[Target]:
        """The project's functions that evaluating `node` calls itself."""
        targets = (self.resolver.expression(module, call.func) for call in _calls(node))
        return [t for t in targets if t is not None and t.kind == "function" and t.module is not None]

    def _pipelines_below(self, start: Target) -> bool:
        """Whether a function is a pipeline, or reaches one by calls."""
        seen, todo = {start.dotted}, [start]
        while todo:
            target = todo.pop()
            if target.dotted not in self._reaches:
                assert target.module is not None and target.node is not None
                marked = is_marked(self.resolver, target.module, target.node, "pipeline")
                self._reaches[target.dotted] = (marked, self._called(target.module, target.node))
            marked, called = self._reaches[target.dotted]
            if marked:
                return True
            for other in called:
                if other.dotted not in seen:
                    seen.add(other.dotted)
                    todo.append(other)
        return False

    def _changed(self, module: Module, node: ast.stmt) -> Iterator[Key]:
        mutations = self._mutations
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self._decorated(module, node.decorator_list)
                return
            case ast.ClassDef():
                yield from self._decorated(module, node.decorator_list)
                yield from mutations.by_class(module, node)
                for child in node.body:
                    yield from self._changed(module, child)
                return
            case ast.Assign():
                yield from mutations.roots(module, [t for t in node.targets if not isinstance(t, ast.Name)])
            case ast.AugAssign(target=target):
                yield from mutations.roots(module, [target])
            case ast.Delete():
                yield from mutations.roots(module, [t for t in node.targets if not isinstance(t, ast.Name)])
        for expression in header(node):
            yield from self._evaluated(module, expression, isinstance(node, ast.Expr))
        for child in inner_statements(node):
            yield from self._changed(module, child)

    def _evaluated(self, module: Module, node: ast.expr, statement: bool) -> Iterator[Key]:
        """What an expression changes; one that stands alone is there for nothing else."""
        for call in _calls(node):
            target = self.resolver.expression(module, call.func)
            if target is not None and target.module is not None:
                inside = self._mutations.by_call(target)
                yield from inside if statement else (key for key in inside if key[0])
            elif isinstance(call.func, ast.Attribute) and call.func.attr not in _SILENT:
                if statement or self._mutations.takes(call.func):
                    yield from self._mutations.roots(module, [call.func.value if target is None else call.func])
            elif statement and isinstance(call.func, ast.Name) and target is not None and target.kind == "external":
                yield ("", target.dotted)
            if statement and not _is_silent(call):
                yield from self._arguments(module, call, target)

    def _arguments(self, module: Module, call: ast.Call, target: Target | None) -> Iterator[Key]:
        """The project's objects that a call may change because it is given them."""
        if target is not None and target.module is None and not _changes_arguments(target):
            return
        if target is not None and target.kind == "builtin":  # setattr
            yield from (key for key in self._mutations.roots(module, call.args[:1]) if key[0])
            return
        keys = list(self._mutations.roots(module, [*call.args, *(k.value for k in call.keywords)]))
        if target is not None and target.module is not None and isinstance(target.node, ast.FunctionDef):
            keys += self._mutations.roots(target.module, target.node.args.defaults)
        yield from (key for key in keys if key[0] and self._mutations.holds_state(key))

    def _decorated(self, module: Module, decorators: Iterable[ast.expr]) -> Iterator[Key]:
        for decorator in decorators:
            function = decorator.func if isinstance(decorator, ast.Call) else decorator
            target = self.resolver.expression(module, function)
            if target is not None and target.module is not None:
                yield from (key for key in self._mutations.by_call(target) if key[0])
            elif target is None or target.kind != "external":
                yield from (key for key in self._mutations.roots(module, [function]) if key[0])
            if isinstance(decorator, ast.Call) and (target is None or target.kind != "external"):
                yield from self._arguments(module, decorator, target)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that evaluating `node` makes."""
    todo = [node]
    while todo:
        found = todo.pop()
        if isinstance(found, ast.Lambda):
            todo += [d for d in (*found.args.defaults, *found.args.kw_defaults) if d is not None]
            continue
        if isinstance(found, ast.Call):
            yield found
        todo += reversed(list(ast.iter_child_nodes(found)))


def _changes_arguments(target: Target) -> bool:
    """Whether a function from outside of the project may change what it is given; that of a library may."""
    if target.kind == "builtin":
        return target.name in ("setattr", "delattr")
    return target.dotted.split(".")[0] not in sys.stdlib_module_names or target.dotted.startswith(_ARGUMENTS)


def _is_silent(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in _SILENT
