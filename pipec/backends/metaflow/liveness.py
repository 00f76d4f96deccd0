"""Which artifacts each step makes and needs, and what a join has to hand on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipec.backends.metaflow.draft import Assign, Bind, Call, Draft, Gather, Look, OfRun, Raise
from pipec.backends.metaflow.graph import Builder
from pipec.backends.metaflow.names import artifact_name
from pipec.compiler.backend.glue import inputs
from pipec.ir import Code, Const, ForEach, ObjectType, Ref, Type, ValueId, ValueType, uses
from pipec.ir.literals import value_of

IMMUTABLE = frozenset(("int", "float", "bool", "str", "bytes", "None"))
SCALAR_LISTS = frozenset(f"{kind}[{item}]" for kind in ("list", "List") for item in IMMUTABLE)
RANGE = re.compile(r"(list\()?range\([^()]*(\(\w+\))?[^()]*\)\)?\Z")


@dataclass
class Flows:
    """What flows between the steps; values stand for the artifacts that hold them."""

    steps: list[Draft]
    types: Mapping[ValueId, Type]
    parameters: frozenset[str]
    run_values: Mapping[ValueId, str]
    """What of the run a value is: "id", "name", "date" or "attempt"."""
    names: dict[ValueId, str] = field(default_factory=dict)
    """Value -> its artifact's name."""
    bound: set[ValueId] = field(default_factory=set)
    """Loop variables that are artifacts, because more steps than the first of the body read them."""
    items: dict[ValueId, tuple[ForEach, tuple[int, ...]]] = field(default_factory=dict)
    """Loop variables that other steps than the first of the body read from `self.input`, and where in the item."""
    defs: dict[int, set[str]] = field(default_factory=dict)
    out: dict[int, set[str]] = field(default_factory=dict)
    """What is needed after each step."""
    merged: dict[int, list[str]] = field(default_factory=dict)
    """What each join hands on from its inputs."""
    copies: bool = False
    """Whether a step could change an artifact that is read again."""

    def immutable(self, value: ValueId) -> bool:
        """Whether nobody can change the value in place."""
        type_ = self.types[value]
        return isinstance(type_, ValueType) and type_.annotation.split("[")[0] in IMMUTABLE

    def item_immutable(self, loop: ForEach) -> bool:
        """Whether the items of a loop cannot be changed in place."""
        if isinstance(loop.items, Const):
            found = value_of(loop.items.source)
            return all(_is_scalar(v) for v in found) if isinstance(found, (list, tuple)) else False
        if isinstance(loop.items, Code) and RANGE.match(loop.items.source):
            return True
        if isinstance(loop.items, Ref) and isinstance(type_ := self.types[loop.items.value], ValueType):
            return type_.annotation in SCALAR_LISTS
        return all(self.immutable(t.id) for t in loop.targets)


def _is_scalar(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_scalar(v) for v in value)
    return value is None or isinstance(value, (int, float, str, bytes))


def flows(builder: Builder, steps: list[Draft]) -> Flows:
    """Find out, for all steps."""
    made = Flows(steps, builder.types, frozenset(builder.parameters), builder.run_values)
    made.bound = _bound(steps)
    made.items = _items(steps, made.bound)
    _name(made, builder)
    reads = {id(s): {made.names[v] for v in _reads(s, made) if v in made.names} for s in steps}
    _live(made, reads)
    made.copies = any(_may_change(s, made) for s in steps)
    return made


def own_reads(step: Draft) -> list[ValueId]:
    """The values that the actions of `step` read."""
    found: list[ValueId] = []
    for action in step.actions:
        match action:
            case Call():
                found += inputs(action.task)
            case Assign():
                found += uses(action.expr)
            case Raise():
                found += [*uses(action.check.condition), *uses(action.check.message or Const(source="None"))]
            case Look():
                found += uses(action.wait.uri)
            case _:
                pass
    return found


def _bound(steps: Sequence[Draft]) -> set[ValueId]:
    head = {t.id: step for step in steps for a in step.actions if isinstance(a, Bind) for t in a.loop.targets}
    inside = _inside(steps)
    found: set[ValueId] = set()
    for step in steps:
        for value in own_reads(step):
            first = head.get(value, step)
            # a step that catches its failure names no item: nothing that it sets outlives a killed process
            if first is not step and (first.caught is None or inside[id(step)] != inside[id(first)]):
                found.add(value)
    found |= {step.over for step in steps if step.over in head}
    for step in steps:
        if step.task is not None:  # the call may change the item, which is read again after it
            later = {v for a in step.actions if isinstance(a, Assign) for v in uses(a.expr)}
            found |= later & {v for v in inputs(step.task) if v in head}
    gathered = {o.value for step in steps for a in step.actions if isinstance(a, Gather) for o in a.outputs}
    return found | (gathered & set(head))


def _inside(steps: Sequence[Draft]) -> dict[int, tuple[str, ...]]:
    """Step -> the loops around it."""
    found: dict[int, tuple[str, ...]] = {id(steps[0]): ()}
    for step in steps:
        around = (*found[id(step)], step.loop.id) if step.kind == "foreach" and step.loop else found[id(step)]
        found |= {id(target): around[:-1] if target.foreach_join else around for target in step.targets}
    return found


def _items(steps: Sequence[Draft], bound: set[ValueId]) -> dict[ValueId, tuple[ForEach, tuple[int, ...]]]:
    binds = [(step, a.loop) for step in steps for a in step.actions if isinstance(a, Bind)]
    return {t.id: (loop, t.path) for step, loop in binds if step.caught for t in loop.targets if t.id not in bound}


def looked_into(step: Draft, made: Flows) -> list[ForEach]:
    """The loops whose item the step reads from `self.input`, hence from the list."""
    heads = [action.loop for action in step.actions if isinstance(action, Bind)]
    return [*heads, *(made.items[v][0] for v in own_reads(step) if v in made.items and made.items[v][0] not in heads)]


def _reads(step: Draft, made: Flows) -> set[ValueId]:
    found = set(own_reads(step))
    if step.over:
        found.add(step.over)
    loops = {loop.id for loop in looked_into(step, made)}
    return found | {s.over for s in made.steps if s.loop and s.loop.id in loops}


def defined(step: Draft, made: Flows) -> list[ValueId]:
    """The values that are artifacts of `step`; the message of a failure last."""
    found: list[ValueId] = []
    for action in step.actions:
        match action:
            case Call():
                found += [o.id for o in action.task.outputs]
            case Assign() if not action.local:
                found.append(action.id)
            case Bind():
                found += [t.id for t in action.loop.targets if t.id in made.bound]
            case Gather():
                found += [o.id for o in action.outputs]
            case OfRun():
                found.append(action.id)
            case _:
                pass
    return found if step.caught is None else [*found, step.caught]


def _name(made: Flows, builder: Builder) -> None:
    """An artifact name for each value; values of an arm share that of the merged value."""

    def root(value: ValueId) -> ValueId:
        while value in builder.aliases:
            value = builder.aliases[value]
        return value

    groups: dict[ValueId, list[ValueId]] = {}
    for step in made.steps:
        for value in defined(step, made):
            groups.setdefault(root(value), []).append(value)
    for top, values in groups.items():
        # `label`, `label_2` and `label_3` are one name of the user's, bound in several places
        wanted = min([top, *values], key=lambda v: (not top.startswith(v), len(v), v))
        name = builder.names.fresh(artifact_name(wanted))
        made.names |= dict.fromkeys((top, *values), name)
    # a merged value that is merged again is read under that name too, although no step sets it by its own
    made.names |= {v: made.names[root(v)] for v in builder.aliases if v not in made.names and root(v) in made.names}


def _live(made: Flows, reads: dict[int, set[str]]) -> None:
    live: dict[int, set[str]] = {}
    for step in reversed(made.steps):
        made.out[id(step)] = set().union(*(live[id(t)] for t in step.targets))
        made.defs[id(step)] = {made.names[v] for v in defined(step, made)}
        needed = (reads[id(step)] | made.out[id(step)]) - made.defs[id(step)]
        gathered = {made.names[o.value] for a in step.actions if isinstance(a, Gather) for o in a.outputs}
        if step.join:
            made.merged[id(step)] = sorted(needed)
        live[id(step)] = needed | gathered
    before: dict[int, set[str]] = {id(s): set() for s in made.steps}
    for step in made.steps:
        for target in step.targets:
            before[id(target)] |= before[id(step)] | made.defs[id(step)]
    for key, wanted in made.merged.items():
        made.merged[key] = [name for name in wanted if name in before[key]]


def _may_change(step: Draft, made: Flows) -> bool:
    call = next((a for a in step.actions if isinstance(a, Call)), None)
    if call is None:
        return False
    own = made.defs[id(step)]
    after = {v for a in step.actions if isinstance(a, Assign) for v in uses(a.expr)} | {step.over}
    out = made.out[id(step)] | {made.names[v] for v in after if v in made.names}
    inherited = [v for v in inputs(call.task) if v in made.names and made.names[v] not in own]
    if any(made.names[v] in out and not made.immutable(v) for v in inherited):
        return True
    for loop in looked_into(step, made):
        if not made.item_immutable(loop):
            source = next(s for s in made.steps if s.loop is loop)
            if source.over in made.names and made.names[source.over] in out:
                return True
    return False


def paths(steps: list[Draft]) -> int:
    """How many ways lead from the start to the end."""
    ways = {id(steps[0]): 1}
    for step in steps:
        for target in step.targets:
            ways[id(target)] = ways.get(id(target), 0) + ways[id(step)]
    return ways[id(steps[-1])]


def may_be_function(type_: Type) -> bool:
    """Whether an object of this type could be a function, which Metaflow would drop."""
    words = ("", "object", "Any", "typing.Any", "Callable", "typing.Callable", "FunctionType", "types.FunctionType")
    return isinstance(type_, ObjectType) and type_.annotation.split("[")[0] in words
