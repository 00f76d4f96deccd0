"""Steps in the words of one target: what `native(...)` declares."""

from __future__ import annotations

import ast
import builtins
import textwrap
from dataclasses import dataclass
from functools import cached_property

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.pipeline import InvalidNative
from pipec.compiler.frontend.annotations import Annotations
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.frontend.declared import NativeDef, as_function
from pipec.compiler.frontend.interfaces import Interface
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.pysource import imports
from pipec.ir import Native, NativePort, Type

PARAMETERS = ("target", "source")
"""What `native(...)` takes by position."""
UNKNOWN = object()
"""What cannot be known at build time."""


@dataclass
class NativeDeclaration:
    """Reads one `native(...)`."""

    resolver: Resolver
    module: Module
    annotations: Annotations
    report: Report
    node: NativeDef

    @cached_property
    def interface(self) -> Interface:
        """What reads inputs and outputs."""
        return Interface(self.annotations, self.node.call, self.wrong, lists=True)

    @cached_property
    def inputs(self) -> dict[str, Type]:
        """Input -> type."""
        return self.interface.types("inputs")

    def read(self) -> tuple[Native, tuple[str, ...]]:
        """The step, and the names of the module that its source mentions; what is wrong is reported."""
        call = self.node.call
        given: dict[str | None, ast.expr] = dict(zip(PARAMETERS, call.args))
        given |= {k.arg: k.value for k in call.keywords}
        for extra in call.args[len(PARAMETERS) :]:
            self.wrong(extra, "takes the target and the source by position, and the rest by name")
        outputs = self.interface.types("outputs")
        self.interface.apart(self.inputs, outputs)
        target, source = self._text(given, "target"), self._text(given, "source")
        listed = self._constant(given["imports"]) if "imports" in given else []
        statements = tuple(s for s in listed if isinstance(s, str)) if isinstance(listed, (list, tuple)) else ()
        native = Native(
            target=target,
            source=textwrap.dedent(source).strip(),
            imports=statements,
            inputs=tuple(NativePort(name=name, type=type_) for name, type_ in self.inputs.items()),
            outputs=tuple(NativePort(name=name, type=type_) for name, type_ in outputs.items()),
        )
        return native, self._names(native, given.get("source", call))

    def wrong(self, node: ast.AST, reason: str) -> None:
        """Report what is wrong with a part of it."""
        self.report.add(InvalidNative(self.module.span(node), self.node.name, reason))

    def _text(self, given: dict[str | None, ast.expr], name: str) -> str:
        node = given.get(name)
        if node is None:
            self.wrong(self.node.call, f"has no {name}")
            return ""
        found = self._constant(node)
        if isinstance(found, str) and found.strip():
            return found
        if found is not UNKNOWN:
            self.wrong(node, f"has a {name} that is no text")
        return ""

    def _constant(self, node: ast.expr) -> object:
        try:
            found: object = self.resolver.evaluate(self.module, node)
        except NotConstantError as error:
            self.wrong(node, f"is not known at build time: {error}")
            return UNKNOWN
        return found

    def _names(self, native: Native, place: ast.AST) -> tuple[str, ...]:
        """The module's own names in the source."""
        try:
            bound = {i.alias or i.name or i.module.split(".")[0] for s in native.imports for i in imports.parse(s)}
        except (SyntaxError, TypeError, IndexError):
            self.wrong(place, "has `imports` that are no import statements")
            return ()
        try:
            tree = ast.parse(native.source or "None", mode="eval")
        except SyntaxError as error:
            self.wrong(place, f"has a source that is no expression: {error.msg} in its line {error.lineno}")
            return ()
        ports = {port.name for port in (*native.inputs, *native.outputs)}
        free = free_names(tree.body) - ports
        for name in sorted(free):
            known = name in self.module.bindings or name in bound or hasattr(builtins, name)
            if not known and not self.interface.unread:
                self.wrong(place, f"mentions {name!r}, which is no input or output, and nothing binds it")
        own = (n for n in free if n in self.module.bindings and n not in bound)
        return tuple(sorted(n for n in own if not self._is_native(n)))  # the target knows other native steps itself

    def _is_native(self, name: str) -> bool:
        target = self.resolver.name(self.module, name)
        return target is not None and isinstance(as_function(self.resolver, target).node, NativeDef)


def free_names(node: ast.expr) -> set[str]:
    """The names that an expression reads from around it."""
    own = {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in (*n.args, *n.kwonlyargs)}
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    own |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
    return {n.id for n in names if isinstance(n.ctx, ast.Load)} - own
