"""Container steps: what `container(...)` declares, and calls of it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.pipeline import InvalidContainer, WrongArguments
from pipec.compiler.frontend.annotations import Annotations
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.frontend.declared import PARAMETERS, ContainerDef, NativeDef, argument
from pipec.compiler.frontend.interfaces import Interface
from pipec.compiler.frontend.operands import NONE, Operand, const, ref
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver
from pipec.ir import (
    VALUE,
    Const,
    Container,
    ContainerArgument,
    ContainerOutput,
    ContainerSlot,
    FileType,
    ListOf,
    OptionalOf,
    Output,
    Port,
    Task,
    Type,
    is_artifact,
)

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body
    from pipec.compiler.frontend.components import Step

OWN = {
    ContainerDef: (*PARAMETERS, "inputs", "outputs"),
    NativeDef: ("target", "source", "imports", "inputs", "outputs", "otherwise"),
}
"""What is no setting of a step."""
NOT_SETTINGS = ("image", "packages", "python", "fuse")
"""Settings of a step that a container step does not have: its image is in the call, has what it has, and is a process
of its own."""
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def settings_call(node: ContainerDef | NativeDef) -> ast.Call:
    """The settings of a declared step, as a decorator would have them."""
    return ast.Call(node.call.func, [], [k for k in node.call.keywords if k.arg not in OWN[type(node)]])


@dataclass
class Declaration:
    """Reads one `container(...)`."""

    resolver: Resolver
    module: Module
    annotations: Annotations
    report: Report
    node: ContainerDef

    def read(self) -> tuple[Container, tuple[Port, ...]]:
        """The container and its ports; what is wrong is reported."""
        for extra in self.node.call.args[len(PARAMETERS) :]:
            self._wrong(extra, "takes the image, the command and the arguments by position, and the rest by name")
        inputs, outputs = self.inputs, self.interface.types("outputs")
        self.interface.apart(inputs, outputs)
        slots = {
            name: ContainerSlot(port=name, form="input_path" if isinstance(type_, FileType) else "value")
            for name, type_ in inputs.items()
        }
        slots |= {name: ContainerSlot(port=name, form="output_path") for name in outputs}
        files = [name for name, type_ in (*inputs.items(), *outputs.items()) if isinstance(type_, FileType)]
        slots |= {f"{name}.uri": ContainerSlot(port=name, form="uri") for name in files}
        command, args = self._texts("command", slots), self._texts("args", slots)
        written = {p.port for a in (*command, *args) for p in a.parts if isinstance(p, ContainerSlot)}
        for which, names in (("inputs", inputs), ("outputs", outputs)):
            for name in names:
                if name not in written:
                    reason = f"has no place for {name!r} in its command and arguments: write `{{{name}}}`"
                    self._wrong(self.interface.key(which, name), reason)
        made = tuple(ContainerOutput(name=name, type=type_) for name, type_ in outputs.items())
        return Container(image=self._image(), command=command, args=args, outputs=made), self.interface.ports(inputs)

    @cached_property
    def inputs(self) -> dict[str, Type]:
        """Input -> type."""
        return self.interface.types("inputs")

    @cached_property
    def interface(self) -> Interface:
        """What reads inputs and outputs."""
        return Interface(self.annotations, self.node.call, self._wrong)

    def _wrong(self, node: ast.AST, reason: str) -> None:
        self.report.add(InvalidContainer(self.module.span(node), self.node.name, reason))

    def _image(self) -> str:
        node = argument(self.node.call, "image")
        if node is None:
            self._wrong(self.node.call, "has no image")
            return ""
        found = self._constant(node, "the image")
        if found is not None and (not isinstance(found, str) or not found.strip()):
            self._wrong(node, "has an image that is no text")
        return found if isinstance(found, str) else ""

    def _constant(self, node: ast.expr, what: str) -> object:
        try:
            found: object = self.resolver.evaluate(self.module, node)
        except NotConstantError as error:
            self._wrong(node, f"has no constant for {what}: {error}")
            return None
        return found

    # the command line

    def _texts(self, which: str, slots: dict[str, ContainerSlot]) -> tuple[ContainerArgument, ...]:
        node = argument(self.node.call, which)
        if node is None:
            return ()
        if isinstance(node, (ast.List, ast.Tuple)) and not any(isinstance(e, ast.Starred) for e in node.elts):
            pairs = [(e, self._constant(e, f"an element of `{which}`")) for e in node.elts]
        else:
            found = self._constant(node, f"`{which}`")
            if found is None:
                return ()
            if not isinstance(found, (list, tuple)):
                self._wrong(node, f"has `{which}` that are no list: write `{which}=[...]`")
                return ()
            pairs = [(node, text) for text in found]
        texts: list[ContainerArgument] = []
        for place, text in pairs:
            if isinstance(text, str):
                texts.append(ContainerArgument(parts=tuple(self._parts(place, text, slots))))
            elif text is not None:
                self._wrong(place, f"has {text!r} in its `{which}`, which is no text")
        return tuple(texts)

    def _parts(self, place: ast.expr, text: str, slots: dict[str, ContainerSlot]) -> list[str | ContainerSlot]:
        parts: list[str | ContainerSlot] = []
        plain, at = "", 0
        for piece in _PIECE.finditer(text):
            plain, at = plain + text[at : piece.start()], piece.end()
            if piece[0] in ("{{", "}}"):
                plain += piece[0][0]
            elif piece[1] in slots:
                parts += [plain, slots[piece[1]]] if plain else [slots[piece[1]]]
                plain = ""
            elif piece[1] is None:
                self._wrong(place, f"has a single `{piece[0]}`: write `{piece[0] * 2}` for a brace")
            elif not self.interface.unread:
                self._wrong(place, _unknown(piece[1], slots))
        plain += text[at:]
        return [*parts, plain] if plain or not parts else parts


def _unknown(text: str, slots: dict[str, ContainerSlot]) -> str:
    """What is wrong with `{text}`."""
    name, _, what = text.partition(".")
    if what == "metadata" and f"{name}.uri" in slots:
        return f"has `{{{text}}}`, and metadata reach no container: hand over what it needs as a value"
    if what == "uri" and name in slots:
        return f"has `{{{text}}}`, and {name!r} is a value, which has no URI"
    known = ", ".join(f"`{{{name}}}`" for name in slots) or "none"
    return f"has no input or output `{{{text}}}` (it has {known}; `{{{{` is a brace)"


def checked(body: Body, step: Step, node: ast.Call, args: dict[str, Operand]) -> dict[str, Operand] | None:
    """The arguments of a call with what is left out as `None`; `None` where a file meets a value."""
    fine = True
    for name, found in args.items():
        reason = ""
        wanted = step.inputs.get(name)
        if isinstance(wanted, ListOf) and not isinstance(found.type, ListOf):
            reason = f"takes a list of files for {name!r}, as a fan-out gives it"
        elif isinstance(wanted, (FileType, OptionalOf)) and not isinstance(found.type, FileType) and not _none(found):
            reason = f"takes a file for {name!r}, which a step has to give as one (`-> Path`)"
            reason += ": a run gives a parameter as a value" if found.parameter else ""
        elif not is_artifact(wanted or VALUE) and is_artifact(found.type):
            reason = f"takes a value for {name!r}, and gets an artifact"
        if reason:
            place = body.module.span(_given(step, node, name))
            body.report.add(WrongArguments(place, step.node.name, reason, step.module.name_span(step.node)))
            fine = False
    if not fine:
        return None
    return {p.name: args[p.name] if p.name in args else const(None) for p in step.ports}


def _none(found: Operand) -> bool:
    return isinstance(found.expr, Const) and found.expr.source == "None"


def _given(step: Step, node: ast.Call, name: str) -> ast.AST:
    """Where the call gives `name`."""
    by_name = next((k.value for k in node.keywords if k.arg == name), None)
    at = [p.name for p in step.ports].index(name)
    plain = at < len(node.args) and not any(isinstance(a, ast.Starred) for a in node.args)
    return by_name or (node.args[at] if plain else node)


def result(body: Body, step: Step, made: Task, hint: str) -> Operand:
    """Put the call into the block; its result is the only output, or a tuple of the outputs."""
    declared = step.outputs
    names = hint.split(",") if hint else []
    outputs: list[Output] = []
    parts: list[Operand] = []
    for i, output in enumerate(declared):
        wanted = output.name
        if len(names) == len(declared):
            wanted = names[i]
        elif len(declared) == 1 and hint:
            wanted = hint.replace(",", "_")
        id_ = body.value(wanted, output.type)
        outputs.append(Output(id=id_, type=output.type, select=i if len(declared) > 1 else None))
        what = f"the output {output.name!r} of `{step.node.name}`"
        parts.append(ref(id_, output.type, producer=step.span, what=what))
    body.nodes.append(made.model_copy(update={"outputs": tuple(outputs)}))
    if not parts:
        return replace(NONE, call=made.id)
    if len(parts) == 1:
        return parts[0]
    from pipec.compiler.frontend.expressions import as_tuple

    return replace(as_tuple(parts), producer=step.span)
