"""Steps as components: one per function that a pipeline calls, with its settings and result type."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend.annotations import Annotations, Fields
from pipec.compiler.frontend.calls import defaults, ports
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.frontend.containers import NOT_SETTINGS, Declaration, settings_call
from pipec.compiler.frontend.declared import ContainerDef, DeclaredDef, NativeDef, as_function
from pipec.compiler.frontend.digest import code_digest
from pipec.compiler.frontend.given import Given, split
from pipec.compiler.frontend.natives import NativeDeclaration
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver, Target
from pipec.compiler.frontend.settings import Raw, SettingsReader
from pipec.compiler.frontend.values import PIPELINE_SETTINGS, STEP_SETTINGS
from pipec.compiler.pysource.text import readable
from pipec.compiler.site import Site
from pipec.ir import (
    VALUE,
    Component,
    Container,
    ContainerOutput,
    Native,
    NativePort,
    ObjectType,
    Otherwise,
    Port,
    Span,
    TaskPolicy,
    Type,
)


@dataclass(frozen=True)
class Step:
    """A function that a pipeline calls."""

    name: str
    """Name of its component: the function's name, or `<module>_<function>` where two modules have it."""
    module: Module
    node: ast.FunctionDef
    ports: tuple[Port, ...]
    returns: Type
    policy: TaskPolicy
    settings: dict[str, Any]
    """Image, packages and python version."""
    span: Span
    container: Container | None = None
    inputs: dict[str, Type] = field(default_factory=dict)
    """Input of a declared step -> type."""
    native: Native | None = None
    mentions: tuple[str, ...] = ()
    """The names of its module that a native step's source mentions."""
    otherwise: Otherwise | None = None
    """What runs in the stead of a native step elsewhere."""
    given: Given | None = None
    """The settings, where calls give some of them."""

    @property
    def outputs(self) -> tuple[ContainerOutput | NativePort, ...]:
        """Those of a declared step."""
        return self.container.outputs if self.container else self.native.outputs if self.native else ()

    @property
    def is_declared(self) -> bool:
        """Whether its inputs and outputs are declared with it."""
        return self.container is not None or (self.native is not None and bool(self.inputs or self.native.outputs))

    def component(self) -> Component:
        """The component; a function's without its code."""
        if self.container is not None:
            digest = code_digest((), self.container.model_dump_json(), [p.model_dump_json() for p in self.ports])
            return Component(name=self.name, ports=self.ports, digest=digest, container=self.container, span=self.span)
        if self.native is not None:
            return Component(name=self.name, ports=self.ports, native=self.native, span=self.span)
        return Component(
            name=self.name,
            function=self.node.name,
            ports=self.ports,
            doc=readable(ast.get_docstring(self.node) or ""),
            returns=ast.unparse(self.node.returns) if self.node.returns else "",
            span=self.span,
            **self.settings,
        )


class Steps:
    """The steps of one pipeline, read as they are met."""

    def __init__(self, resolver: Resolver, site: Site, report: Report, defaults: Raw) -> None:
        self.resolver = resolver
        self.site = site
        self.report = report
        self.defaults = defaults
        self._steps: dict[tuple[str, str], Step] = {}
        self._open: list[tuple[str, str]] = []
        """Those that are being read."""
        self._names: set[str] = set()
        self._annotations: dict[str, Annotations] = {}
        self._readers: dict[str, SettingsReader] = {}

    def step(self, target: Target) -> Step:
        """The step behind a resolved function."""
        assert target.module is not None and isinstance(target.node, ast.FunctionDef)
        key = (target.module.name, target.node.name)
        if key not in self._steps:
            self._open.append(key)
            self._steps[key] = self._read(target.module, target.node)
            self._open.remove(key)
        return self._steps[key]

    def all(self) -> tuple[Step, ...]:
        """The steps met so far, in order."""
        return tuple(self._steps.values())

    def _read(self, module: Module, node: ast.FunctionDef) -> Step:
        name = node.name
        if name in self._names:
            name = f"{module.name.rpartition('.')[2]}_{name}"
        while name in self._names:
            name += "_2"
        self._names.add(name)
        reader = self.reader(module)
        known = STEP_SETTINGS
        call = decorator(self.resolver, module, node, "step")
        place = module.name_span(node)
        raw = Raw({**self.defaults.values}, {**self.defaults.spans})
        if isinstance(node, (ContainerDef, NativeDef)):
            known, call = [n for n in STEP_SETTINGS if n not in NOT_SETTINGS], settings_call(node)
        if isinstance(node, NativeDef):
            raw = Raw({}, {})  # it is what its own words say, whatever other steps are
        elif isinstance(node, ContainerDef):
            raw = Raw(*({n: v for n, v in d.items() if n in known} for d in (raw.values, raw.spans)))
        own = reader.raw(call, known)
        site = reader.site_raw(self.site.steps.get(node.name, {}), place, known)
        for layer in (site, own):
            raw.values.update(layer.values)
            raw.spans.update(layer.spans)
        reader.once(node.decorator_list, "step")
        reader.told_once(raw, place)
        raw, given = split(raw, reader, node.name, place, ports(node), defaults(node))
        policy, settings = reader.step(raw, node.name, place)
        if isinstance(node, NativeDef):
            made = NativeDeclaration(self.resolver, module, self.annotations(module), self.report, node)
            native, mentions = made.read()
            taken = made.interface.ports(made.inputs)
            span = module.span(node.call)
            other = self._otherwise(module, node, native, made)
            words = (made.inputs, native, mentions, other, given)
            return Step(name, module, node, taken, VALUE, policy, {}, span, None, *words)
        said = {*own.values, *site.values}  # a default for all steps may name what some do not have
        if isinstance(node, ContainerDef):
            read = Declaration(self.resolver, module, self.annotations(module), self.report, node)
            container, own_ports = read.read()
            reader.ignorable(policy.cache if "cache" in said else None, own_ports, raw.spans.get("cache", place))
            span = module.span(node.call)
            step = Step(name, module, node, own_ports, ObjectType(), policy, {}, span, container, read.inputs)
            return replace(step, given=given)
        reader.ignorable(policy.cache if "cache" in said else None, ports(node), raw.spans.get("cache", place))
        returns = self.annotations(module).type(node.returns)
        return Step(name, module, node, ports(node), returns, policy, settings, module.span(node), given=given)

    def reader(self, module: Module) -> SettingsReader:
        """The reader of decorators in `module`."""
        if module.name not in self._readers:
            self._readers[module.name] = SettingsReader(
                self.site,
                self.report,
                lambda node: self.resolver.evaluate(module, node),
                module.span,
                lambda node: _pipec_name(self.resolver, module, node),
                lambda node: self._hook(module, node),
            )
        return self._readers[module.name]

    def _hook(self, module: Module, node: ast.expr) -> str:
        """The component of a function that is called with a message; `ValueError` where it cannot be."""
        target = self.resolver.expression(module, node)
        if target is None or target.kind != "function" or target.module is None:
            raise ValueError("it is no function of the project")
        if (target.module.name, target.name) in self._open:
            raise ValueError(f"{target.name!r} cannot be called about itself")
        step = self.step(target)
        positional = [p for p in step.ports if p.kind in ("positional", "var_positional")]
        more = [p.name for p in step.ports if p.required and p not in positional[:1] and not p.kind.startswith("var")]
        if not positional or more:
            takes = ast.unparse(step.node.args) or "nothing"
            raise ValueError(f"{target.name!r} is called with a message alone, and takes {takes}")
        return step.name

    def _otherwise(self, module: Module, node: NativeDef, native: Native, read: NativeDeclaration) -> Otherwise | None:
        """The step that stands in for a native one, which takes and gives the same; what is wrong is reported."""
        given = next((k.value for k in node.call.keywords if k.arg == "otherwise"), None)
        if given is None:
            return None
        target = self.resolver.expression(module, given)
        found = as_function(self.resolver, target) if target is not None else None
        if found is None or found.kind != "function" or found.module is None or isinstance(found.node, DeclaredDef):
            read.wrong(given, "has something in its stead that is no function of the project")
            return None
        step = self.step(found)
        wanted = [port.name for port in native.inputs]
        if [port.name for port in step.ports] != wanted:
            read.wrong(given, f"takes ({', '.join(wanted)}), and {found.name!r} other parameters")
        elif len(native.outputs) > 1 or any(type(o.type) is not type(step.returns) for o in native.outputs):
            read.wrong(given, f"gives something else than {found.name!r}, or several things")
        elif step.given is not None:
            read.wrong(given, f"has {found.name!r} in its stead, whose settings are arguments of its own calls")
        return Otherwise(component=step.name, policy=step.policy)

    def annotations(self, module: Module) -> Annotations:
        """The reader of annotations in `module`."""
        if module.name not in self._annotations:

            def resolve(node: ast.expr) -> str | None:
                found = self.resolver.expression(module, node)
                return found.dotted if found else None

            def alias(node: ast.expr) -> ast.expr | None:
                found = self.resolver.expression(module, node)
                if found and found.kind == "constant" and isinstance(found.node, ast.expr):
                    return found.node
                return None

            self._annotations[module.name] = Annotations(
                resolve, module.segment, self.site.codecs, lambda node: self.fields(module, node), alias
            )
        return self._annotations[module.name]

    def fields(self, module: Module, node: ast.expr | None) -> Fields | None:
        """The fields of the NamedTuple, dataclass or TypedDict of the project that an annotation names."""
        if node is None:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            node = ast.Name(node.value, ast.Load())
        target = self.resolver.expression(module, node)
        if target is None or target.module is None or not isinstance(target.node, ast.ClassDef):
            return None
        return self._class_fields(target.module, target.node)

    def _class_fields(self, module: Module, node: ast.ClassDef) -> Fields | None:
        bases = [self.resolver.expression(module, base) for base in node.bases]
        names = {base.dotted for base in bases if base}
        decorators = {self._dotted(module, d) for d in node.decorator_list}
        kind = ""
        if names & {"typing.NamedTuple", "typing_extensions.NamedTuple"}:
            kind = "namedtuple"
        elif names & {"typing.TypedDict", "typing_extensions.TypedDict"}:
            kind = "typeddict"
        elif "dataclasses.dataclass" in decorators:
            kind = "dataclass"
        inherited: dict[str, ast.expr] = {}
        for base in bases:
            if base and base.module and isinstance(base.node, ast.ClassDef):
                above = self._class_fields(base.module, base.node)
                if above:
                    kind = kind or above.kind
                    inherited |= above.annotations
        if not kind:
            return None
        own = {
            s.target.id: s.annotation
            for s in node.body
            if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
        }
        return Fields(kind, {**inherited, **own})

    def _dotted(self, module: Module, node: ast.expr) -> str:
        found = self.resolver.expression(module, node.func if isinstance(node, ast.Call) else node)
        return found.dotted if found else ""


def _pipec_name(resolver: Resolver, module: Module, node: ast.expr) -> str | None:
    found = resolver.expression(module, node)
    return found.name if found and found.kind == "external" and found.dotted.split(".")[0] == "pipec" else None


def decorator(resolver: Resolver, module: Module, node: ast.FunctionDef, name: str) -> ast.Call | None:
    """The call `@step(...)` or `@pipeline(...)` on a function; `None` where it is bare or absent."""
    for expression in node.decorator_list:
        if isinstance(expression, ast.Call) and _pipec_name(resolver, module, expression.func) == name:
            return expression
    return None


def is_marked(resolver: Resolver, module: Module, node: ast.AST | None, name: str) -> bool:
    """Whether a function is decorated with pipec's `name`, with or without arguments."""
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
        _pipec_name(resolver, module, d.func if isinstance(d, ast.Call) else d) == name for d in node.decorator_list
    )


__all__ = ["PIPELINE_SETTINGS", "NotConstantError", "Step", "Steps", "decorator", "is_marked"]
