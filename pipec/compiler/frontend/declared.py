"""`name = container(...)` or `native(...)` at module level, as a definition with a signature like a function's."""

from __future__ import annotations

import ast

from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver, Target

MARKERS = ("pipec.container", "pipec.authoring.container")
NATIVE_MARKERS = ("pipec.native", "pipec.authoring.native")
PARAMETERS = ("image", "command", "args")
"""What `container(...)` takes by position."""


class DeclaredDef(ast.FunctionDef):
    """What is declared by a call, as the function that it stands for."""

    call: ast.Call


class ContainerDef(DeclaredDef):
    """A container step: its outputs are the return annotation."""


class NativeDef(DeclaredDef):
    """A step in the words of a target: its outputs are the return annotation."""


def as_function(resolver: Resolver, target: Target) -> Target:
    """`target`; where it is a container or a native step, with the signature that it has."""
    call = target.node
    if target.kind != "constant" or target.module is None or not isinstance(call, ast.Call):
        return target
    marker = resolver.expression(target.module, call.func)
    if marker is None or marker.kind != "external" or marker.dotted not in (*MARKERS, *NATIVE_MARKERS):
        return target
    place = _place(target.module, target.name)
    if place is None:
        return target
    kind = NativeDef if marker.dotted in NATIVE_MARKERS else ContainerDef
    inputs = [ast.arg(name, annotation) for name, _, annotation in entries(call, "inputs")]
    outputs = [annotation for _, _, annotation in entries(call, "outputs")]
    made = kind(
        name=target.name,
        args=ast.arguments([], inputs, None, [], [], None, []),
        body=[ast.Pass()],
        decorator_list=[],
        returns=outputs[0] if len(outputs) == 1 else None,
    )
    made.call = call
    ast.copy_location(made, place)
    return Target("function", target.dotted, target.module, made)


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """The argument `name` of a call of `container`."""
    given = next((k.value for k in call.keywords if k.arg == name), None)
    if given is None and name in PARAMETERS and PARAMETERS.index(name) < len(call.args):
        return call.args[PARAMETERS.index(name)]
    return given


def entries(call: ast.Call, name: str) -> list[tuple[str, ast.expr, ast.expr]]:
    """Name, its place and its annotation, of each of the `inputs` or `outputs` that are written out."""
    given = argument(call, name)
    if not isinstance(given, ast.Dict):
        return []
    return [
        (key.value, key, annotation)
        for key, annotation in zip(given.keys, given.values)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]


def _place(module: Module, name: str) -> ast.Name | None:
    """Where the module binds `name`."""
    statement = module.bindings[name][-1].node
    return next((n for n in ast.walk(statement) if isinstance(n, ast.Name) and n.id == name), None)
