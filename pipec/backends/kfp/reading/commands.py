"""Container components: their command lines in the language of `container(...)`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.ports import TYPES, Output, file_role, parameter_type, schema
from pipec.backends.kfp.reading.values import literal

PLACEHOLDER = re.compile(
    r"\{\{\$\.(?P<side>inputs|outputs)\.(?P<field>parameters|artifacts)"
    r"\[(?P<quote>['\"])(?P<name>[^'\"\]]*)(?P=quote)\](?:\.(?P<what>[\w.\[\]'\"]+))?\}\}"
)
STRUCTURED = re.compile(r'\s*\{\s*"(?:Concat|IfPresent)"\s*:')
DEEPEST = 20


@dataclass
class Command:
    """A container step in parts."""

    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    """Input -> annotation, in the order of the component."""
    defaults: dict[str, str] = field(default_factory=dict)
    """Input -> what it is where the task gives nothing, as Python."""
    outputs: dict[str, Output] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def command(container: Mapping[str, Any], component: Mapping[str, Any], given: frozenset[str]) -> Command:
    """The command line of `container` where the inputs `given` are there."""
    return _Reader(component, given).read(container)


class _Reader:
    def __init__(self, component: Mapping[str, Any], given: frozenset[str]) -> None:
        self.component, self.given = component, given
        self.found = Command()
        self.used: set[tuple[str, str]] = set()

    def read(self, container: Mapping[str, Any]) -> Command:
        """All of it."""
        found = self.found
        found.command = tuple(t for part in container.get("command") or () for t in self._argument(part))
        found.args = tuple(t for part in container.get("args") or () for t in self._argument(part))
        inputs, outputs = self.component.get("inputDefinitions") or {}, self.component.get("outputDefinitions") or {}
        for side, names in (("inputs", inputs), ("outputs", outputs)):
            there = {*(names.get("parameters") or {}), *(names.get("artifacts") or {})}
            for _, name in sorted(one for one in self.used if one[0] == side and one[1] not in there):
                found.lost.append(f"its command line mentions `{name}`, which the component has not")
        for name, spec in (inputs.get("parameters") or {}).items():
            kind = parameter_type(spec)
            self._port(name, TYPES.get(kind, "str") + (" | None" if spec.get("isOptional") else ""))
            if spec.get("defaultValue") is not None and name in found.inputs:
                found.defaults[name] = literal(spec["defaultValue"], kind)
        for name, spec in (inputs.get("artifacts") or {}).items():
            if spec.get("isArtifactList") and ("inputs", name) in self.used:
                found.lost.append(f"its command line takes a list of artifacts, `{name}`")
            self._port(name, file_role(spec))
        for name, spec in (outputs.get("parameters") or {}).items():
            kind = parameter_type(spec)
            self._output(Output(name, kind, annotation=TYPES.get(kind, "str")))
        for name, spec in (outputs.get("artifacts") or {}).items():
            self._output(Output(name, "", schema(spec), annotation=file_role(spec)))
        return found

    def _port(self, name: str, annotation: str) -> None:
        if ("inputs", name) in self.used:
            self.found.inputs[name] = annotation
        else:
            self.found.notes.append(f"its command line does not mention the input `{name}`, which is left out")

    def _output(self, output: Output) -> None:
        if ("outputs", output.name) in self.used:
            self.found.outputs[output.name] = output

    def _argument(self, text: str) -> list[str]:
        """One element of the command line, which may become several or none."""
        if not STRUCTURED.match(text):
            return [self._text(text)]
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError):
            return [self._text(text)]
        return self._structured(tree, 0)

    def _structured(self, tree: Any, depth: int) -> list[str]:
        if isinstance(tree, str):
            return [self._text(tree)]
        if isinstance(tree, list) and depth < DEEPEST:
            return [text for part in tree for text in self._structured(part, depth + 1)]
        if isinstance(tree, dict) and depth < DEEPEST:
            if "Concat" in tree:
                return ["".join(self._structured(tree["Concat"], depth + 1))]
            choice = tree.get("IfPresent")
            if isinstance(choice, dict):
                present = choice.get("InputName") in self.given
                return self._structured(choice.get("Then" if present else "Else") or [], depth + 1)
        self.found.lost.append("its command line has an expression that is not known")
        return []

    def _text(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        for place in PLACEHOLDER.finditer(text):
            parts += [_escaped(text[at : place.start()]), self._place(place)]
            at = place.end()
        rest = text[at:]
        return "".join([*parts, _escaped(rest)]) if not self._unknown(text) else ""

    def _unknown(self, text: str) -> bool:
        """Whether there are other placeholders in `text`, which is reported."""
        rest = PLACEHOLDER.sub("", text)
        found = re.findall(r"\{\{\$[^}]*\}\}", rest)
        self.found.lost += [f"its command line has the placeholder `{one}`" for one in found]
        return bool(found)

    def _place(self, place: re.Match[str]) -> str:
        name, side, what = place["name"], place["side"], place["what"] or ""
        self.used.add((side, name))
        if place["field"] == "artifacts":
            if what == "uri":
                return f"{{{name}.uri}}"
            if what != "path":
                text = f".{what}" if what else ""
                self.found.lost.append(f"its command line has `{name}{text}`, which the server does not fill in")
        elif side == "inputs" and what:
            self.found.lost.append(f"its command line has the placeholder `{place[0]}`")
        return f"{{{name}}}"


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
