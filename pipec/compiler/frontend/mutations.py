"""Which module-level objects a function or class changes when it is called or made."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from pipec.compiler.frontend.constants import PURE_METHODS
from pipec.compiler.frontend.nested import hoisted
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.references import local_names
from pipec.compiler.frontend.resolve import Resolver, Target

Key = tuple[str, str]
"""Module and name of something of the project; "" and a dotted name for something outside of it."""

_TAKES = frozenset(["pop", "popitem", "setdefault"])
_CHANGES_WORDS = (
    "add append appendleft clear discard extend extendleft insert pop popitem popleft put register remove "
    "reverse setdefault sort update"
)
_CHANGES = frozenset(_CHANGES_WORDS.split())
"""Methods that change their owner."""
_KEEPS_WORDS = "copy join match search sub findall debug info warning error exception critical log"
_KEEPS = PURE_METHODS | frozenset(_KEEPS_WORDS.split())


class Mutations:
    """Answers from the source, without running anything."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._known: dict[Key, frozenset[Key]] = {}
        self._open: set[Key] = set()

    def takes(self, function: ast.Attribute) -> bool:
        """Whether a method gives a value and changes its owner."""
        return function.attr in _TAKES

    def holds_state(self, key: Key) -> bool:
        """Whether something of the project is an object rather than a function or class."""
        module = self.resolver.project.module(key[0])
        target = self.resolver.name(module, key[1]) if module else None
        return target is not None and target.kind in ("constant", "block")

    def roots(self, module: Module, nodes: Iterable[ast.expr]) -> Iterator[Key]:
        """What the objects of `X.a`, `X["a"]`, `X.f().b` or `module.X[0]` are reached through."""
        for node in nodes:
            chain: list[str] = []
            while not isinstance(node, ast.Name):
                match node:
                    case ast.Attribute():
                        chain.append(node.attr)
                        node = node.value
                    case ast.Subscript() | ast.Starred():
                        chain.clear()
                        node = node.value
                    case ast.Call():
                        chain.clear()
                        node = node.func
                    case _:
                        break
            if isinstance(node, ast.Name):
                yield from self._root(module, node, chain[::-1])

    def _root(self, module: Module, name: ast.Name, attributes: list[str]) -> Iterator[Key]:
        target = self.resolver.name(module, name.id)
        node: ast.expr = name
        for attribute in attributes:
            if target is None or target.kind not in ("module", "external"):
                break
            node = ast.Attribute(node, attribute, ast.Load())
            target = self.resolver.expression(module, node)
        if target is None or target.kind in ("builtin", "module"):
            return
        if target.kind == "external":
            if target.dotted.split(".")[0] != "pipec":
                yield ("", target.dotted)
        elif target.module is not None:
            yield (target.module.name, target.name)

    def by_call(self, target: Target) -> frozenset[Key]:
        """What calling a function or class of the project changes."""
        if target.module is None or not isinstance(target.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return frozenset()
        key = (target.module.name, target.name)
        if key in self._open:
            return frozenset()
        if key not in self._known:
            self._open.add(key)
            nodes: list[ast.stmt] = [target.node]
            if isinstance(target.node, ast.ClassDef):
                made = ("__new__", "__init__", "__post_init__", "__call__", "__enter__", "__exit__")
                nodes = [n for n in target.node.body if isinstance(n, ast.FunctionDef) and n.name in made]
            self._known[key] = frozenset(self._find(target.module, nodes).found)
            self._open.discard(key)
        return self._known[key]

    def _find(self, module: Module, nodes: list[ast.stmt]) -> _Finder:
        inner = hoisted(self.resolver, module, nodes)
        found = _Finder(self, inner.scope)
        for node in inner.nodes:
            found.visit(node)
        return found

    def changes_in(self, module: Module, nodes: Iterable[ast.stmt]) -> list[tuple[Key, ast.AST]]:
        """What the bodies of functions certainly change of the project's objects, and where."""
        found = _Finder(self, module, certain=True)
        for node in nodes:
            found.visit(node)
        return [(key, place) for key, place in found.places.items() if key[0]]

    def by_class(self, module: Module, node: ast.ClassDef) -> Iterator[Key]:
        """What making a class changes through `__init_subclass__` or the metaclass of what it extends."""
        for owner, function in self._hooks(module, node, 0):
            assert owner.module is not None
            yield from (key for key in self._find(owner.module, [function]).found if key[0])
            if _fills(function):
                yield (owner.module.name, owner.name)

    def _hooks(self, module: Module, node: ast.ClassDef, seen: int) -> Iterator[tuple[Target, ast.FunctionDef]]:
        metaclass = [k.value for k in node.keywords if k.arg == "metaclass"]
        for base in [*node.bases, *metaclass]:
            expression = base.value if isinstance(base, ast.Subscript) else base
            target = self.resolver.expression(module, expression)
            if target is None or target.module is None or not isinstance(target.node, ast.ClassDef) or seen > 20:
                continue
            names = ("__new__", "__init__") if base in metaclass else ("__init_subclass__",)
            for function in target.node.body:
                if isinstance(function, ast.FunctionDef) and function.name in names:
                    yield target, function
            yield from self._hooks(target.module, target.node, seen + 1)


def _fills(function: ast.FunctionDef) -> bool:
    """Whether a hook fills a collection that hangs on the class itself: `cls.known[name] = cls`."""
    own = {a.arg for a in function.args.args[:1]} | {"super"}
    for node in ast.walk(function):
        place: ast.expr | None = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            place = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
            place = node.func.value
        while isinstance(place, (ast.Attribute, ast.Subscript)):
            place = place.value
        if isinstance(place, ast.Name) and place.id in own:
            return True
    return False


class _Finder(ast.NodeVisitor):
    """What the body of a function changes, functions inside of it included."""

    def __init__(self, mutations: Mutations, module: Module, certain: bool = False) -> None:
        self.mutations, self.module, self.certain = mutations, module, certain
        self.found: set[Key] = set()
        self.places: dict[Key, ast.AST] = {}
        self.scopes: list[set[str]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.scopes.append(local_names(node))
        self.generic_visit(node)
        self.scopes.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)  # its defaults belong to the scope around
        self.scopes.append(local_names(node))
        self.visit(node.body)
        self.scopes.pop()

    def visit_Global(self, node: ast.Global) -> None:
        self.found |= {(self.module.name, name) for name in node.names}
        for name in node.names:
            self.places.setdefault((self.module.name, name), node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            target = self._target(node.value.func)
            if target is not None and target.kind == "external" and target.name not in _KEEPS:
                self.found.add(("", target.dotted))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        target = self._target(node.func)
        if self.certain:
            if isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
                self._change(node.func.value)
        elif target is not None and target.module is not None:
            self.found |= self.mutations.by_call(target)
        elif isinstance(node.func, ast.Attribute) and node.func.attr not in _KEEPS:
            self._change(node.func.value)
        self.generic_visit(node)

    def _target(self, node: ast.expr) -> Target | None:
        return None if self._is_local(node) else self.mutations.resolver.expression(self.module, node)

    def _change(self, node: ast.expr) -> None:
        if not self._is_local(node):
            stored = not isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
            for key in self.mutations.roots(self.module, [node]):
                if key[0] or stored:
                    self.found.add(key)
                    self.places.setdefault(key, node)

    def _is_local(self, node: ast.expr) -> bool:
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        return not isinstance(node, ast.Name) or any(node.id in scope for scope in self.scopes)
