"""Follow the artifacts of a flow through its graph: which call makes what, and which call needs it."""

from __future__ import annotations

import ast
from collections.abc import Container
from dataclasses import dataclass, field, replace
from itertools import count

from pipec.backends.metaflow.reading import kinds
from pipec.backends.metaflow.reading.flows import Flow
from pipec.backends.metaflow.reading.gathering import Env, Gathering, Joining
from pipec.backends.metaflow.reading.joins import Wanted, as_wiring
from pipec.backends.metaflow.reading.lifting import comments_of_next
from pipec.backends.metaflow.reading.model import (
    Body,
    Call,
    Choose,
    Gathered,
    Indexed,
    Item,
    Known,
    Loop,
    Made,
    Merged,
    Note,
    Place,
    Together,
    Value,
    use,
)
from pipec.backends.metaflow.reading.regions import Block, Choice, Each, Fork, Node, Work
from pipec.backends.metaflow.reading.steps import Infos, StepInfo
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, singular
from pipec.compiler.diagnostics.foreign import CannotMigrate

CURRENT = {"run_id": "run.id", "retry_count": "run.attempt - 1"}
"""What Metaflow's `current` tells a step -> the language's word for it."""


@dataclass
class Signature:
    """What the function of a step takes, in order: `x` of the flow, or something of the inputs."""

    reads: list[str] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    current: list[str] = field(default_factory=list)


class Wiring:
    """Walks over the blocks of one flow."""

    def __init__(self, flow: Flow, infos: Infos, catches: dict[str, str], clears: Container[str] = ()) -> None:
        self.flow = flow
        self.infos = infos
        self.catches = catches
        """Step with `@catch` -> its variable, or ""."""
        self.clears = clears
        """Steps whose results are `None` when they have failed, and not what they were."""
        self.signatures: dict[str, Signature] = {}
        self.calls: dict[str, list[Call]] = {}
        self.dissolved: set[str] = set()
        self.demands: dict[tuple[str, str], str] = {}
        """(Step, artifact) -> the annotation that a loop or a choice over it needs."""
        self.notes: dict[str, list[str]] = {}
        """Step -> what was adapted."""
        self.branch_counts: dict[str, int] = {}
        """Join -> how many branches it has."""
        self.shared: dict[tuple[str, str], list[tuple[Value, Place]]] = {}
        self._count = count(1)
        self._forks = count(1)
        self._globals: Env = {}
        self.gathering = Gathering(flow, infos, {}, self.notes)

    # Blocks.

    def run(self, block: Block, parameters: Env) -> tuple[Body, Env]:
        """The body of the pipeline, and what the artifacts are at its end."""
        constants = {
            name: Known(name, Place(0), source=name) for name in self.flow.constants if name in self.infos.written
        }
        self._globals = {**parameters, **constants}
        self.gathering.globals = self._globals
        body: Body = []
        env = self._block(block, dict(self._globals), Place(0), body)
        return body, env

    def _place(self, inside: Place) -> Place:
        return replace(inside, at=next(self._count))

    def _block(self, block: Block, env: Env, inside: Place, body: Body) -> Env:
        for node in block:
            env = self._node(node, env, inside, body)
        return env

    def _node(self, node: Node, env: Env, inside: Place, body: Body) -> Env:
        match node:
            case Work():
                return self._step(node.step, env, None, inside, body)
            case Fork():
                return self._fork(node, env, inside, body)
            case Each():
                return self._each(node, env, inside, body)
            case Choice():
                return self._choice(node, env, inside, body)

    def _fork(self, node: Fork, env: Env, inside: Place, body: Body) -> Env:
        together, key = Together(), next(self._forks)
        body.append(together)
        joining = Joining([], [])
        for n, branch in enumerate(node.branches.values()):
            inner: Body = []
            there = replace(inside, forks=(*inside.forks, (key, n)))
            joining.branches.append(self._block(branch, dict(env), there, inner))
            joining.tails.append(tails(branch))
            together.branches.append(inner)
        return self._step(node.join, dict(self._globals), joining, inside, body)

    def _each(self, node: Each, env: Env, inside: Place, body: Body) -> Env:
        over = self._looked_at(node.step, node.artifact, env)
        place = self._place(inside)
        loop = Loop(place, over)
        use(over, self._place(inside))  # below the empty lists
        self.demand(over, "list[object]")
        within = replace(place, loops=(*place.loops, loop))
        hint = singular(node.artifact)
        loop.item = Item(hint, within, loop=loop)
        loop.index = Item("index", within, loop=loop)
        body.append(loop)
        inner = self._block(node.body, {**env, "input": loop.item, "index": loop.index}, within, loop.body)
        loop.end = self._place(within)
        inner.pop("input", None)
        inner.pop("index", None)
        return self._step(node.join, dict(self._globals), Joining([inner], [tails(node.body)], loop), inside, body)

    def _choice(self, node: Choice, env: Env, inside: Place, body: Body) -> Env:
        condition = self._looked_at(node.step, node.artifact, env)
        place = self._place(inside)
        choose = Choose(place, condition, name=node.artifact)
        use(condition, place)
        keys = [key for values, _ in node.arms for key in values]
        self.demand(condition, kinds.of_keys(keys))
        choose.otherwise = not self._covers(condition, keys)
        body.append(choose)
        envs: list[Env] = []
        for n, (values, arm) in enumerate(node.arms):
            inner: Body = []
            there = replace(inside, arms=(*inside.arms, (place.at, n)))
            envs.append(self._block(arm, dict(env), there, inner))
            choose.arms.append((values, inner))
            choose.ends.append(self._place(there))
        return self._merged(choose, envs, inside)

    def _merged(self, choose: Choose, envs: list[Env], inside: Place) -> Env:
        env: Env = {}
        place = self._place(inside)
        for name in dict.fromkeys(name for one in envs for name in one):
            values = [one.get(name) for one in envs]
            first = values[0]
            if first is not None and all(value is first for value in values):
                env[name] = first
                continue
            merged = Merged(name, place, choice=choose, arms=values)
            choose.merged.append(merged)
            env[name] = merged
        return env

    def _covers(self, condition: Value, keys: list[object]) -> bool:
        """Whether the cases of a switch are all that its value can be."""
        if {type(key) for key in keys} == {bool} and len(set(keys)) == 2:
            return True
        if not isinstance(condition, Made) or condition.call is None:
            return False
        usage = self.infos.steps[condition.call.step].usage
        if condition.artifact in usage.changed:
            return False
        possible = kinds.choices(usage.values.get(condition.artifact, [None]))
        return possible is not None and possible <= set(keys)

    def _looked_at(self, step: str, artifact: str, env: Env) -> Value:
        if artifact in env:
            return env[artifact]
        if artifact in self.flow.constants:
            return Known(artifact, Place(0), source=artifact)
        member = self.flow.steps[step]
        raise self._unset(step, artifact, member.function.body[-1])

    def _unset(self, step: str, artifact: str, node: ast.AST) -> Refused:
        member = self.flow.steps[step]
        reason = f"it reads `self.{artifact}`, which nothing before it sets"
        if artifact in ("input", "index"):
            reason = f"it reads `self.{artifact}`, which has no value there"
        return Refused(CannotMigrate(member.file.source.span(node), TARGET, f"step `{step}`", reason))

    def demand(self, value: Value, kind: str) -> None:
        """Something looks into a value: whatever makes it says what it is."""
        match value:
            case Made(call=Call() as call):
                self.demands[(call.step, value.artifact)] = kind
            case Merged():
                for arm in value.arms:
                    if arm is not None:
                        self.demand(arm, kind)
            case Item(loop=Loop() as loop) if value is loop.item:
                self.demand(loop.over, f"list[{kind}]")
            case Indexed(of=Value() as of):
                self.demand(of, f"list[{kind}]")
            case Gathered(inner=Value() as inner) if kind.startswith("list[") and kind != "list[object]":
                self.demand(inner, kind[5:-1])

    # Steps.

    def _step(self, step: str, env: Env, joining: Joining | None, inside: Place, body: Body) -> Env:
        info = self.infos.steps[step]
        if joining is not None:
            self.branch_counts[step] = len(joining.branches)
            env = {**env, **self.gathering.merge(step, info, joining)}
        wired = None if step in self.catches else as_wiring(info.member, info.inputs, self.infos.methods)
        if wired is not None:
            self.dissolved.add(step)
            self._comments(info, body)
            return self._wire(step, wired, env, joining)
        call = self._call(step, info, env, joining, inside)
        body.append(call)
        self._comments(info, body)
        made = {name: value for name, value in call.outputs.items() if name != "@error"}
        for name, source in info.same.items():
            env[name] = self._read(step, source, env, info.member.function)
            env[name].hint = name
        env = {**env, **made}
        if (variable := self.catches.get(step)) is not None and variable:
            env[variable] = call.outputs["@error"]
        return env

    def _comments(self, info: StepInfo, body: Body) -> None:
        member = info.member
        lines = comments_of_next(member.file.method(member.owner, member.name), member.self_name)
        if lines:
            body.append(Note(" ".join(lines)))

    def _wire(self, step: str, wired: list[tuple[str, Wanted | str]], env: Env, joining: Joining | None) -> Env:
        info, env = self.infos.steps[step], dict(env)
        for name, source in wired:
            if isinstance(source, Wanted):
                assert joining is not None
                env[name] = self.gathering.wanted(step, source, joining)
            else:
                env[name] = self._read(step, source, env, info.reads.get(source, info.member.function))
                if source in ("input", "index"):
                    env[name].hint = name
        return env

    def _read(self, step: str, name: str, env: Env, node: ast.AST) -> Value:
        if name in env:
            return env[name]
        if name in self.flow.constants:
            return Known(name, Place(0), source=name)
        raise self._unset(step, name, node)

    def _call(self, step: str, info: StepInfo, env: Env, joining: Joining | None, inside: Place) -> Call:
        place = self._place(inside)
        signature = self._signature(step, info, env, joining)
        call = Call(step, place)
        for name in signature.reads:
            call.arguments.append(self._read(step, name, env, info.reads.get(name, info.member.function)))
        for wanted in signature.wanted:
            assert joining is not None
            call.arguments.append(self.gathering.wanted(step, wanted, joining))
        for name in signature.current:
            call.arguments.append(Known(name, place, source=CURRENT[name]))
        for argument in call.arguments:
            use(argument, place)
        for name, argument in zip(signature.reads, call.arguments):
            if name in info.writes or name in info.usage.changed:
                self.shared.setdefault((step, name), []).append((argument, place))
        for name in info.writes:
            if name not in info.same:
                call.outputs[name] = Made(name, place, call=call, artifact=name)
        if step in self.catches:
            call.caught = self.catches[step]
            call.outputs["@error"] = Made(call.caught or "error", place, call=call, artifact="@error")
            if step not in self.clears:
                call.fallbacks = {name: env[name] for name in info.writes if name in env}
            for value in call.fallbacks.values():
                use(value, place)
        self.calls.setdefault(step, []).append(call)
        return call

    def _signature(self, step: str, info: StepInfo, env: Env, joining: Joining | None) -> Signature:
        if step in self.signatures:
            return self.signatures[step]
        made = Signature()
        for name, node in info.reads.items():
            if name in env:
                made.reads.append(name)
            elif name not in info.writes and name not in self.flow.constants and name not in info.usage.asked:
                raise self._unset(step, name, node)
        for name in info.writes:
            if name not in info.usage.certain and name in env and name not in made.reads:
                made.reads.append(name)  # set in some cases only: it keeps what it was in the others
        if joining is not None:
            made.wanted = self.gathering.needs(info, joining)
        made.current = [name for name in info.usage.current if name in CURRENT]
        self.signatures[step] = made
        return made


def tails(block: Block) -> frozenset[str]:
    """The steps with which a branch can end."""
    last = block[-1]
    if isinstance(last, Choice):
        found: set[str] = set()
        for _, arm in last.arms:
            found |= tails(arm) if arm else {last.step}
        return frozenset(found)
    return frozenset([last.step if isinstance(last, Work) else last.join])


def results(env: Env, parameters: Container[str]) -> Env:
    """What a user of the flow finds at its end: artifacts, and no parameters or constants."""
    found = {}
    for name, value in env.items():
        is_constant = isinstance(value, Known) and value.source == name
        if name not in ("input", "index") and name not in parameters and not is_constant:
            found[name] = value
    return found
