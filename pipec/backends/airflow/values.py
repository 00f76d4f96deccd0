"""Where a value of the pipeline is found in the DAG, and what is told about it before lowering starts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.airflow.graph import TaskNode
from pipec.backends.airflow.names import CONTEXT, ascii_id
from pipec.ir import (
    Address,
    Branch,
    Code,
    Component,
    Const,
    DictOf,
    FileType,
    ForEach,
    Group,
    ListOf,
    ObjectType,
    OptionalOf,
    Output,
    Pipeline,
    Ref,
    RunValue,
    Task,
    TupleOf,
    Type,
    ValueId,
    ValueType,
    is_artifact,
    uses,
)  # fmt: skip
from pipec.ir.graph import blocks, hooks, operands, walk
from pipec.ir.literals import value_of
from pipec.ir.nodes import Block

DICTS = re.compile(
    r"(?:typing\.)?(?:(?:Classification)?Metrics|dict|Dict|Mapping|MutableMapping|OrderedDict|defaultdict|Counter)\b"
)
ERROR = "error"
"""XCom key of the message of a task that has failed for good."""
OWN_KEYS = frozenset(("return_value", "skipmixin_key"))
"""XCom keys of Airflow's own: what a task returns as a whole, and what a branch has skipped."""
LISTS = re.compile(r"(?:typing\.)?(?:list|List)\b")


@dataclass(frozen=True)
class Bound:
    """One place: an output of a task, a parameter of the DAG or of a mapped group, a constant, or the run itself."""

    node: TaskNode | None = None
    key: str = ""
    param: str = ""
    const: str | None = None
    local: str = ""
    template: str = ""
    """What Airflow renders to the value: text."""
    inline: str = ""
    """Source, evaluated in the task that reads it."""
    listed: bool = False
    """A list."""
    promised: bool = False
    """A list because an annotation says so."""


@dataclass(frozen=True)
class Spec:
    """What `stored` is told about the result of a step."""

    result: str = '"value"'
    outputs: tuple[tuple[str, int | str | None, str], ...] = ()
    """Key, selector and form of each output, where there are several."""
    caught: bool = False
    """Whether it gives a message when it fails for good, besides."""
    classification: tuple[int | str | None, ...] = ()
    """The parts of the result that are classification metrics, whose shape is checked."""

    def key(self, select: int | str | None) -> str:
        """The XCom key of an output; "" for the return value."""
        return next((key for key, where, _ in self.outputs if where == select), "result" if self.caught else "")


def form_of(type_: Type) -> str:
    """How a result of this type is stored, as source."""
    match type_:
        case ObjectType():
            return f'"{type_.codec}"' if type_.codec in ("parquet", "npy") else '"pickle"'
        case FileType():
            return '"file"'
        case ListOf():
            return f"[{form_of(type_.item)}]"
        case DictOf():
            return '{"*": ' + form_of(type_.item) + "}"
        case TupleOf():
            return "(" + ", ".join(map(form_of, type_.items)) + ("," if len(type_.items) == 1 else "") + ")"
        case OptionalOf():
            return form_of(type_.item)
        case _:
            return '"value"'


def is_list(type_: Type) -> bool:
    """Whether a type promises a list."""
    return isinstance(type_, ListOf) or bool(LISTS.match(getattr(type_, "annotation", "")))


def plain(value: object) -> bool:
    """Whether Airflow passes `value` on exactly when it stands as an argument in the DAG."""
    match value:
        case None | bool():
            return True
        case int():
            return abs(value) < 2**53
        case float():
            return math.isfinite(value)
        case str():
            return _printable(value)
        case list():
            return all(map(plain, value)) and len(value) <= 100
        case dict():
            return all(
                isinstance(k, str) and plain(k) and plain(v) and not k.startswith(("$", "__")) for k, v in value.items()
            )
    return False


def _printable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    # arguments are templates: Jinja takes the last line end away, and makes "\n" of all others
    return not (any(mark in value for mark in ("{{", "{%", "{#", "\0", "\r")) or value.endswith("\n"))


@dataclass
class Facts:
    """What the whole pipeline says about its values and components."""

    reads: set[ValueId] = field(default_factory=set)
    """Values that anything reads."""
    consts: dict[ValueId, str] = field(default_factory=dict)
    """Arguments of groups that are constants."""
    attempts: set[ValueId] = field(default_factory=set)
    """Values that are the attempt of the task that reads them."""
    direct: dict[str, Spec] = field(default_factory=dict)
    """Components whose function is a task itself, and how its result is stored."""


def facts_of(pipeline: Pipeline) -> Facts:
    """Look at the whole of `pipeline` once."""
    facts = Facts(reads=set(uses(pipeline.result)))
    nodes = list(walk(pipeline.body))
    for node in nodes:
        for expr in operands(node):
            facts.reads.update(uses(expr))
        if isinstance(node, ForEach):
            facts.reads.update(o.value for o in node.outputs)
        if isinstance(node, RunValue) and node.what == "attempt":
            facts.attempts.add(node.output)
        if isinstance(node, Group):
            facts.attempts.update(a.id for a in node.args if set(uses(a.expr)) & facts.attempts)
            for arg in node.args:
                found = arg.expr.source if isinstance(arg.expr, Const) else None
                if isinstance(arg.expr, Ref):
                    found = facts.consts.get(arg.expr.value)
                if found is not None:
                    facts.consts[arg.id] = found
    guarded: set[str] = set()
    awkward: set[str] = set()
    _places(pipeline.body, False, False, guarded, awkward)
    reached = {name for d in pipeline.definitions for name in (*d.eager, *d.lazy)}
    called = hooks(pipeline.body, pipeline.policy)
    reached |= {c.function for c in pipeline.components if c.name in called and c.function}
    for component in pipeline.components:
        calls = [n for n in nodes if isinstance(n, Task) and n.component == component.name]
        if not calls or component.function in reached or any(n.id in guarded or n.id in awkward for n in calls):
            continue
        if any(not _run_alike(call, calls[0]) for call in calls[1:]):
            continue
        spec = shared_spec(calls, facts)
        if spec is not None and _callable(component) and all(_simple(n, facts) for n in calls):
            facts.direct[component.name] = spec
    return facts


def _run_alike(one: Task, other: Task) -> bool:
    """Whether two calls of a step have the same settings: a call can override few of those of its function."""
    policies = [task.policy.model_copy(update={"spans": {}}) for task in (one, other)]
    return one.policy is other.policy or policies[0] == policies[1]


def _places(block: Block, looped: bool, armed: bool, guarded: set[str], awkward: set[str]) -> None:
    """Ids of tasks in an arm inside a loop, and of mapped tasks that do not take their item as one argument each."""
    for node in block.nodes:
        if isinstance(node, Task) and looped and armed:
            guarded.add(node.id)
        if isinstance(node, ForEach) and single_body(node) is not None:
            task = node.body.nodes[0]
            assert isinstance(task, Task)
            own = {t.id for t in node.targets}
            used = [v for e in task.args.values() for v in uses(e) if v in own]
            if not used or len(used) != len(set(used)):
                awkward.add(task.id)
        inside = looped or isinstance(node, ForEach)
        for inner in blocks(node):
            _places(inner, inside, armed or isinstance(node, Branch), guarded, awkward)


def single_body(loop: ForEach) -> Task | None:
    """The task of a loop whose body is one task."""
    nodes = loop.body.nodes
    return nodes[0] if len(nodes) == 1 and isinstance(nodes[0], Task) else None


def _callable(component: Component) -> bool:
    """Whether TaskFlow can call the function with any arguments as it is."""
    return component.function is not None and all(
        port.kind in ("positional", "keyword") and port.name not in CONTEXT for port in component.ports
    )


def _simple(task: Task, facts: Facts) -> bool:
    for key, expr in task.args.items():
        if key.startswith("*"):
            return False
        match expr:
            case Code() | Address():
                return False
            case Const() if not plain(value_of(expr.source)):
                return False
            case Ref() if expr.value in facts.attempts:
                return False
            case Ref() if expr.value in facts.consts and not plain(value_of(facts.consts[expr.value])):
                return False
            case _:
                pass
    return True


def shared_spec(calls: list[Task], facts: Facts) -> Spec | None:
    """One way of storing that suits all `calls` of a component, or `None`."""
    caught = calls[0].caught is not None
    if any((call.caught is not None) != caught for call in calls):
        return None
    parts = tuple(o.select for o in calls[0].outputs if isinstance(o.type, ValueType) and o.type.classification)
    read = [[o for o in call.outputs if o.id in facts.reads] for call in calls]
    found: dict[int | str | None, Output] = {}
    for outputs in read:
        for output in outputs:
            found.setdefault(output.select, output)
    if not found:
        return Spec(result="None", caught=caught, classification=parts)
    if not all(read) and any(not is_artifact(o.type) for o in found.values()):
        return None
    if list(found) == [None]:
        return Spec(result=form_of(found[None].type), caught=caught, classification=parts)
    keys = output_keys([o.id for o in found.values()], caught)
    named = zip(keys, found.values())
    given = tuple((key, o.select, form_of(o.type)) for key, o in named)
    return Spec(outputs=given, caught=caught, classification=parts)


def output_keys(values: Sequence[ValueId], caught: bool = False) -> list[str]:
    """The XCom keys of the outputs of one task: none that Airflow, or the task's own failure, has already."""
    found: list[str] = []
    for value in values:
        key = ascii_id(value)
        while key in OWN_KEYS or (caught and key == ERROR) or key in found:
            key += "_"
        found.append(key)
    return found


def listed_value(source: str) -> list[object]:
    """The items of a loop over a constant."""
    found: Any = value_of(source)  # the items of a loop are iterable
    return list(found)


def may_be_empty(loop: ForEach, env: dict[ValueId, Bound]) -> bool:
    """Whether a loop may have no items."""
    source = loop.items.source if isinstance(loop.items, Const) else None
    if isinstance(loop.items, Ref):
        bound = env[loop.items.value]
        source = bound.const
        if bound.listed and bound.node is not None and bound.node.loop is not None:  # the results of another loop
            return bound.node.loop.may_be_empty
    return source is None or not listed_value(source)


def at(item: object, path: tuple[int, ...]) -> object:
    """What a loop variable is bound to."""
    for index in path:
        item = item[index]  # type: ignore[index]  # the loop header unpacks it
    return item
