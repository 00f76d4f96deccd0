"""Settings that each call of a step gives: `memory=Argument("memory")` is what the parameter `memory` gets there.

A constant argument makes a setting like any other, read by the same code; of what only the run knows, the policy of the
task names the parameter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.settings import InvalidSetting
from pipec.compiler.diagnostics.similar import closest
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.frontend.operands import Operand
from pipec.compiler.frontend.settings import Raw, SettingsReader
from pipec.compiler.frontend.values import Made
from pipec.ir import Port, Span, TaskPolicy, is_artifact

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body

SETTINGS = (
    "cpu", "cpu_limit", "memory", "memory_limit", "disk", "shm", "gpu", "timeout", "env", "secrets", "node_selector",
    "tolerations", "labels", "annotations", "service_account", "queue", "priority", "targets",
)  # fmt: skip
"""Those that a call can give. The others are about the component, or about what calls of it have in common."""
MISSING = object()
Part = tuple[str | int, ...]
"""A setting, or where in it something is: `("secrets", "TOKEN", "name")`."""


@dataclass(frozen=True)
class Given:
    """The settings of a step, some of which are given by each call."""

    raw: Raw
    reader: SettingsReader
    step: str
    place: Span
    ports: tuple[Port, ...]
    defaults: Mapping[str, ast.expr]
    parts: Mapping[Part, str]
    """-> the parameter of the step."""

    def policy(self, body: Body, node: ast.Call, args: Mapping[str, Operand]) -> TaskPolicy:
        """The settings of one call, which gets `args`; what is wrong is reported there."""
        values = {name: self._value(name, body, node, args) for name in dict.fromkeys(self.parts.values())}
        places = {name: self._place(name, body, node) for name in values}
        raw = Raw({**self.raw.values}, {**self.raw.spans})
        for part, name in self.parts.items():
            raw.spans[str(part[0])] = places[name]
        for setting in dict.fromkeys(str(part[0]) for part in self.parts):
            made = _filled(raw.values.pop(setting), values, setting)
            if made is not MISSING:
                raw.values[setting] = made
        found = Report()
        policy, _ = self.reader.reporting_to(found).step(raw, self.step, self.place)
        body.report.extend(f for f in found.findings if f.span in places.values())
        arguments = {".".join(map(str, part)): name for part, name in self.parts.items() if values[name] is MISSING}
        return policy.model_copy(update={"arguments": arguments})

    def _value(self, name: str, body: Body, node: ast.Call, args: Mapping[str, Operand]) -> Any:
        """The argument, where it is known; `MISSING` where only the run knows it."""
        operand = args.get(name)
        if operand is not None:
            if is_artifact(operand.type):
                reason = f"the argument {name!r} is an artifact, and a setting is a value"
                body.report.add(InvalidSetting(self._place(name, body, node), self._setting(name), reason))
                return None
            return operand.value if operand.is_const else MISSING
        if name not in self.defaults:
            return None
        try:
            return self.reader.evaluate(self.defaults[name])
        except NotConstantError as error:
            reason = f"the default of {name!r} is known only in the task ({error}): give it, or make it a constant"
            body.report.add(InvalidSetting(self._place(name, body, node), self._setting(name), reason))
            return None

    def _setting(self, name: str) -> str:
        return next(str(part[0]) for part, parameter in self.parts.items() if parameter == name)

    def _place(self, name: str, body: Body, node: ast.Call) -> Span:
        """Where the call gives the argument; the call, where it does not."""
        named = next((k.value for k in node.keywords if k.arg == name), None)
        positional = [port.name for port in self.ports if port.kind == "positional"]
        if named is None and name in positional and not any(isinstance(a, ast.Starred) for a in node.args):
            named = next(iter(node.args[positional.index(name) :]), None)
        return body.span(named if named is not None else node)


def split(
    raw: Raw, reader: SettingsReader, step: str, place: Span, ports: tuple[Port, ...], defaults: Mapping[str, ast.expr]
) -> tuple[Raw, Given | None]:
    """The settings that no call gives, and all of them where calls give some; what cannot be is reported."""
    kept, whole, parts = Raw({}, {**raw.spans}), Raw({}, {**raw.spans}), dict[Part, str]()
    names = [port.name for port in ports if not port.kind.startswith("var")]
    for setting, value in raw.values.items():
        found = dict(_parts(value, (setting,)))
        if not found:
            kept.values[setting] = whole.values[setting] = value
            continue
        reason = next((r for name in found.values() if (r := _wrong(setting, name, step, names))), "")
        if reason:
            reader.report.add(InvalidSetting(raw.spans.get(setting, place), setting, reason))
            continue
        whole.values[setting] = value
        parts |= {part: str(name) for part, name in found.items()}
    return kept, Given(whole, reader, step, place, ports, defaults, parts) if parts else None


def _parts(value: Any, path: Part) -> Iterator[tuple[Part, Any]]:
    """Where in a setting arguments stand, and the parameters that they name."""
    if isinstance(value, Made):
        if value.kind == "Argument":
            yield path, value.arguments.get("parameter")
            return
        value = value.arguments
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        yield from _parts(inner, (*path, key))


def _wrong(setting: str, name: Any, step: str, names: list[str]) -> str:
    """Why a setting cannot be the argument `name`; "" where it can."""
    if setting not in SETTINGS:
        return "it is the same for all calls of a step, and cannot be an argument"
    if name not in names:
        similar = closest(str(name), names)
        hint = f"; did you mean {similar!r}?" if similar else ""
        return f"{step!r} has no parameter {name!r} whose argument it could be{hint}"
    return ""


def _filled(value: Any, values: Mapping[str, Any], setting: str) -> Any:
    """`value` with the arguments in it; what only the run knows is `MISSING`, or named where its place has to stay."""
    if isinstance(value, Made):
        if value.kind == "Argument":
            name = str(value.arguments["parameter"])
            if values[name] is not MISSING:
                return values[name]
            return {"argument": name} if setting == "targets" else name if setting == "secrets" else MISSING
        return Made(value.kind, _filled(value.arguments, values, setting))
    if isinstance(value, Mapping):
        made = {key: _filled(inner, values, setting) for key, inner in value.items()}
        return {key: inner for key, inner in made.items() if inner is not MISSING}
    if isinstance(value, (list, tuple)):
        return [inner for one in value if (inner := _filled(one, values, setting)) is not MISSING]
    return value
