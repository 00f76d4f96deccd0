"""Where a step goes next: its `self.next(...)`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from pipec.backends.metaflow.reading.flows import Flow, Member
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, attribute_of, literal
from pipec.compiler.diagnostics.foreign import CannotMigrate, UnreadablePipeline

Kind = Literal["end", "linear", "split", "foreach", "switch"]


@dataclass(frozen=True)
class Next:
    """One transition."""

    kind: Kind
    targets: tuple[str, ...] = ()
    artifact: str = ""
    """What a foreach or a switch looks at."""
    cases: tuple[tuple[object, str], ...] = ()
    """Of a switch: value and step."""
    node: ast.stmt | None = None


def transition(flow: Flow, member: Member) -> Next:
    """The transition of a step; raises `Refused` where there is none that can be read."""
    source = member.file.source
    calls = [n for n in ast.walk(member.function) if is_next(n, member.self_name)]
    last = member.function.body[-1]
    if not calls:
        if member.name != flow.end:
            raise Refused(
                UnreadablePipeline(
                    source.span(member.function), TARGET, f"step {member.name!r} does not say which step is next"
                )
            )
        return Next("end")
    if len(calls) > 1 or not isinstance(last, ast.Expr) or last.value is not calls[0]:
        reason = "`self.next` has to be the last statement of a step, and the only one"
        raise Refused(UnreadablePipeline(source.span(calls[0]), TARGET, f"step {member.name!r}: {reason}"))
    call = calls[0]
    assert isinstance(call, ast.Call)
    return _read(flow, member, call, last)


def is_next(node: ast.AST, self_name: str) -> bool:
    """Whether it is `self.next(...)`."""
    return isinstance(node, ast.Call) and attribute_of(node.func, self_name) == "next"


def _read(flow: Flow, member: Member, call: ast.Call, statement: ast.stmt) -> Next:
    source = member.file.source
    options = {k.arg: k.value for k in call.keywords}

    def broken(node: ast.AST, reason: str) -> Refused:
        return Refused(UnreadablePipeline(source.span(node), TARGET, f"step {member.name!r}: {reason}"))

    def target(node: ast.expr) -> str:
        name = attribute_of(node, member.self_name)
        if name is None or name not in flow.steps:
            raise broken(node, f"`{ast.unparse(node)}` is no step of the flow")
        return name

    if "num_parallel" in options:
        what = f"the group of `{ast.unparse(call.args[0]) if call.args else ''}`"
        reason = "its tasks run together and talk to one another (`num_parallel`), for which pipec has no word"
        raise Refused(
            CannotMigrate(source.span(call), TARGET, what, reason, "a step with a container that starts the workers")
        )
    if unknown := [k for k in options if k not in ("foreach", "condition")]:
        raise broken(call, f"`self.next` takes no {unknown[0]!r}")
    if any(isinstance(a, ast.Starred) for a in call.args) or not call.args:
        raise broken(call, "the next steps are not written out")
    for name, node in options.items():
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            raise broken(node, f"`{name}` is no text")
    if "condition" in options:
        return _switch(member, call, options["condition"], target, statement)
    targets = tuple(target(a) for a in call.args)
    if "foreach" in options:
        if len(targets) != 1:
            raise broken(call, "a foreach goes to one step")
        return Next("foreach", targets, _text(options["foreach"]), node=statement)
    if len(set(targets)) != len(targets):
        raise broken(call, "a step stands twice among the next ones")
    return Next("linear" if len(targets) == 1 else "split", targets, node=statement)


def _switch(member: Member, call: ast.Call, condition: ast.expr, target: object, statement: ast.stmt) -> Next:
    source, cases = member.file.source, call.args[0]
    if len(call.args) != 1 or not isinstance(cases, ast.Dict) or not cases.keys:
        reason = f"step {member.name!r}: a switch goes to a dict of values and steps"
        raise Refused(UnreadablePipeline(source.span(call), TARGET, reason))
    found: list[tuple[object, str]] = []
    for key, value in zip(cases.keys, cases.values):
        known, constant = literal(key) if key is not None else (False, None)
        if not known:
            where = key if key is not None else call
            what = f"the case `{ast.unparse(key) if key is not None else '**'}` of step `{member.name}`"
            reason = "it is no constant of this file"
            raise Refused(CannotMigrate(source.span(where), TARGET, what, reason, "write the value"))
        assert callable(target)
        found.append((constant, target(value)))
    return Next("switch", tuple(dict.fromkeys(s for _, s in found)), _text(condition), tuple(found), statement)


def _text(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value
