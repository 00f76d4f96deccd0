"""Steps and helper methods: what each needs, and whether it can be a function of its own."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading.flows import Flow, Member, called
from pipec.backends.metaflow.reading.joins import Inputs, inputs
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, attribute_of, bound_names
from pipec.backends.metaflow.reading.usage import Usage, usage
from pipec.compiler.diagnostics.foreign import CannotMigrate


@dataclass
class HelperInfo:
    """A helper method."""

    member: Member
    usage: Usage
    is_static: bool = False
    is_property: bool = False
    reads: set[str] = field(default_factory=set)
    """Attributes that it and the helpers that it calls look at."""
    takes_flow: bool = False


@dataclass
class StepInfo:
    """A step."""

    member: Member
    usage: Usage
    inputs: Inputs | None
    reads: dict[str, ast.AST] = field(default_factory=dict)
    """With what its helpers read."""
    writes: dict[str, ast.AST] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    """Artifact -> "input" or "index", where it is only another name for it."""
    helper_reads: set[str] = field(default_factory=set)
    """Attributes that helpers read."""
    again: set[str] = field(default_factory=set)
    """Artifacts for which the body has a local of the same name, by `x = self.x`, and no other use."""
    keeps_flow: bool = False
    taken: set[str] = field(default_factory=set)
    """Names in its body that its artifacts may not have."""


class Infos:
    """All steps and helpers of one flow."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.methods = {*flow.steps, *flow.helpers, "next", "merge_artifacts"}
        self.helpers = {name: self._helper(member) for name, member in flow.helpers.items()}
        self._close()
        self.steps = {name: self._step(member) for name, member in flow.steps.items()}
        self.written = {name for info in self.steps.values() for name in info.writes}

    def _current(self, member: Member) -> set[str]:
        return {local for local, word in member.file.imported.names.items() if word == "current"}

    def _helper(self, member: Member) -> HelperInfo:
        words = [ast.unparse(called(d)) for d in member.function.decorator_list]
        is_static = "staticmethod" in words
        own = "" if is_static else member.self_name
        found = HelperInfo(
            member, usage(member.body, own, self._current(member), self.methods), is_static, "property" in words
        )
        for word, decorator in zip(words, member.function.decorator_list):
            if word not in ("staticmethod", "classmethod", "property"):
                what = f"the method `{member.name}`"
                raise Refused(
                    CannotMigrate(member.file.source.span(decorator), TARGET, what, f"it is made by `@{word}`")
                )
        return found

    def _close(self) -> None:
        """Follow calls between helpers."""
        for info in self.helpers.values():
            own = info.usage
            info.reads = {*own.reads, *own.asked} | {n for n in own.mentioned if n in own.changed}
            info.takes_flow = bool(own.writes or own.changed or own.escapes or own.asked or own.nested)
        for _ in self.helpers:
            for info in self.helpers.values():
                for name in info.usage.calls:
                    other = self.helpers.get(name)
                    if other is not None:
                        info.reads |= other.reads
                        info.takes_flow |= other.takes_flow
        for info in self.helpers.values():
            if info.usage.escapes:
                self._escaped(info.member, info.usage.escapes[0])

    def _writes_of(self, name: str, seen: set[str]) -> dict[str, ast.AST]:
        info = self.helpers.get(name)
        if info is None or name in seen:
            return {}
        seen.add(name)
        found = {**info.usage.writes, **info.usage.changed}
        for other in info.usage.calls:
            found |= self._writes_of(other, seen)
        return found

    def _escaped(self, member: Member, node: ast.AST) -> None:
        what = f"step `{member.name}`" if member.name in self.flow.steps else f"the method `{member.name}`"
        reason = "it hands the flow itself on, and what happens to its artifacts there cannot be seen"
        advice = "pass the artifacts that are needed, and set those that come back"
        if isinstance(getattr(node, "ctx", None), ast.Del):
            reason, advice = "it deletes an artifact", "set it to `None`, or give it another name"
        raise Refused(CannotMigrate(member.file.source.span(node), TARGET, what, reason, advice))

    def _step(self, member: Member) -> StepInfo:
        found = usage(member.body, member.self_name, self._current(member), self.methods, member.file.is_ours)
        info = StepInfo(member, found, inputs(member) if member.inputs_name else None)
        if found.escapes:
            self._escaped(member, found.escapes[0])
        info.reads = dict(found.reads)
        info.writes = dict(found.writes)
        if not self.flow.fresh:
            info.writes |= {k: v for k, v in found.changed.items() if k not in info.writes}
        info.keeps_flow = bool(found.nested or found.asked)
        for attr, node in found.asked.items():
            info.reads.setdefault(attr, node)
        for name, node in found.calls.items():
            self._include(info, name, node)
        info.taken = taken_names(member)
        if not info.keeps_flow:
            info.same = _same(member, info)
            info.again = _again(member, info)
        self._check_calls(member, found)
        return info

    def _include(self, info: StepInfo, name: str, node: ast.AST) -> None:
        """What a call of a helper adds to a step."""
        helper = self.helpers.get(name)
        if helper is None:
            return
        info.helper_reads |= helper.reads
        for attr in sorted(helper.reads):
            if attr not in info.usage.certain or attr in info.usage.reads:
                info.reads.setdefault(attr, node)
        info.keeps_flow |= helper.takes_flow
        info.writes |= {k: v for k, v in self._writes_of(name, set()).items() if k not in info.writes}

    def _check_calls(self, member: Member, found: Usage) -> None:
        for node in ast.walk(member.function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
                reason = "it calls the same step of another class"
                what = f"step `{member.name}`"
                raise Refused(CannotMigrate(member.file.source.span(node), TARGET, what, reason, "write it out here"))
            if isinstance(node, ast.Attribute) and (name := attribute_of(node, member.self_name)) in self.flow.steps:
                if name in found.calls and not self._is_transition(member, node):
                    reason = f"it uses step `{name}` as a function"
                    what = f"step `{member.name}`"
                    raise Refused(
                        CannotMigrate(
                            member.file.source.span(node),
                            TARGET,
                            what,
                            reason,
                            "move the code that both need into a function",
                        )
                    )

    def _is_transition(self, member: Member, node: ast.AST) -> bool:
        last = member.function.body[-1]
        return any(one is node for one in ast.walk(last))


def _same(member: Member, info: StepInfo) -> dict[str, str]:
    """`self.x = self.input` at the top of a body, where nothing else sets or changes `self.x`."""
    found: dict[str, str] = {}
    for statement in member.body:
        match statement:
            case ast.Assign(targets=[target], value=value):
                name, source = attribute_of(target, member.self_name), attribute_of(value, member.self_name)
                once = name is not None and len(info.usage.values.get(name, [])) == 1
                if once and source in ("input", "index") and name not in info.usage.changed and name not in info.reads:
                    assert name is not None and source is not None
                    if source not in found.values():
                        found[name] = source
    return found


def _again(member: Member, info: StepInfo) -> set[str]:
    """The artifacts that a body looks at once only, at its top, as `x = self.x`."""
    found: set[str] = set()
    nodes = [node for statement in member.body for node in ast.walk(statement)]
    uses = [attribute_of(node, member.self_name) for node in nodes]
    for n, statement in enumerate(member.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=local)], value=value):
                before = {name for one in member.body[:n] for name in bound_names(one)}
                alone = local == attribute_of(value, member.self_name) and uses.count(local) == 1
                if alone and local not in {*info.usage.writes, *info.helper_reads, *before}:
                    found.add(local)
    return found


def taken_names(member: Member) -> set[str]:
    """The names that artifacts may not have in the body of a function, as it has them already.

    A variable of a comprehension only counts where the comprehension uses the artifact of that name.
    """
    body = member.function.body
    everywhere = [name for node in body for name in bound_names(node)]
    inside: list[str] = []
    own: set[str] = set()
    for node in body:
        for one in ast.walk(node):
            bound: set[str] = set()
            if isinstance(one, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                bound = {n for g in one.generators for n in bound_names(g.target)}
            elif isinstance(one, ast.Lambda):
                bound = set(bound_names(one.args))
            if bound:
                inside += [name for name in bound_names(one) if name in bound]
                own |= {a.attr for a in ast.walk(one) if isinstance(a, ast.Attribute) and a.attr in bound}
    found = {name for name in everywhere if everywhere.count(name) > inside.count(name)}
    return (found | own) - {member.self_name}
