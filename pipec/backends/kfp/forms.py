"""How each value travels on KFP: as a parameter (exact JSON text), or as an artifact.

A scalar is a parameter always, so is whatever the pipeline body itself looks into; any other value is an artifact with
its JSON, since KFP hands parameters over on a command line. Artifacts are artifacts. In a pipeline with a workspace all
values with text in them are parameters: the server mounts it where it finds its path in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipec.backends.kfp.native import workspace
from pipec.backends.kfp.program import quoted
from pipec.backends.kfp.settings import is_text
from pipec.ir import (
    Block,
    Branch,
    Check,
    Code,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    Parallel,
    Pipeline,
    Ref,
    RunValue,
    Statement,
    Task,
    Type,
    ValueId,
    ValueType,
    Wait,
    is_artifact,
    is_shown,
    uses,
)  # fmt: skip
from pipec.ir.graph import operands, value_types, walk

SCALARS = re.compile(
    r"(?:typing\.)?(?:int|float|bool|None|Metrics|Literal\[.*\]|Optional\[(?:int|float|bool)\])\Z", re.S
)


NUMBERS = re.compile(
    r"(?:(?:typing\.)?(?:[Ll]ist|[Dd]ict|[Tt]uple|[Ss]et|Optional|Union)\[|(?:int|float|bool|None)\b|\.{3}|[\],| ])*"
)
"""Annotations of values in which there is no text."""
NONE_TEST = re.compile(r"(\w+) is None")


def none_test(expr: Code) -> ValueId | None:
    """The value that `expr` compares with `None`, where it does nothing else."""
    found = NONE_TEST.fullmatch(expr.source)
    return expr.inputs.get(found[1]) if found else None


def is_scalar(annotation: str) -> bool:
    """Whether values of this annotation are small, whatever they are."""
    return all(bool(SCALARS.match(part.strip())) for part in _union(annotation))


def _is_number(annotation: str) -> bool:
    """Whether values of this annotation are numbers, or collections of them."""
    return is_scalar(annotation) or (bool(annotation) and bool(NUMBERS.fullmatch(annotation.strip("\"' "))))


def _union(annotation: str) -> list[str]:
    text = annotation.strip().strip("\"'")
    return text.split("|") if "[" not in text else [text]


@dataclass
class Forms:
    """What the values of a pipeline are wanted as."""

    types: dict[ValueId, Type]
    looked: set[ValueId] = field(default_factory=set)
    """The pipeline body looks into them: they are parameters."""
    truth: set[ValueId] = field(default_factory=set)
    """Conditions of branches: their producers hand out "true" or "false" as well."""
    nones: set[ValueId] = field(default_factory=set)
    """Compared with `None` by branches: their producers hand out "true" or "false" for that."""
    loops: set[ValueId] = field(default_factory=set)
    """Items of loops: their producers hand out a list as well."""
    located: set[ValueId] = field(default_factory=set)
    """Artifacts that a branch hands out: their producers hand out the URI as well."""
    texts: set[ValueId] = field(default_factory=set)
    """Settings of tasks: their producers hand out plain text as well."""
    used: set[ValueId] = field(default_factory=set)
    """Somebody reads them at all."""
    itself: set[ValueId] = field(default_factory=set)
    """Somebody reads them otherwise than as a condition or as the items of a loop."""
    shared: set[ValueId] = field(default_factory=set)
    """Values that may hold a path of the workspace, which the server has to see: they are parameters."""
    written: set[ValueId] = field(default_factory=set)
    """Values that a container or native step writes as text: they are parameters."""
    artifacts: dict[ValueId, bool] = field(default_factory=dict)
    """Value -> whether it is an artifact, in order of definition."""

    def is_stored(self, value: ValueId) -> bool:
        """Whether `value` travels as an artifact."""
        known = self.artifacts.get(value)
        return known if known is not None else is_artifact(self.types[value])

    def saved(self, value: ValueId, key: str, source: str, hint: str) -> str:
        """What a program does to hand out `value` as a parameter."""
        helper = "kfp_share" if value in self.shared else "kfp_save"
        return f"{helper}(task, {quoted(key)}, {source}, {quoted(hint)})"

    def expr_is_stored(self, expr: Expr) -> bool:
        """Whether the operand of a merge travels as an artifact."""
        match expr:
            case Ref():
                return self.is_stored(expr.value)
            case Code():
                return is_artifact(expr.type)
            case _:
                return False


def forms_of(pipeline: Pipeline) -> Forms:
    """Decide for every value of `pipeline`; operands are `Const` or `Ref`, except in arguments and computations."""
    forms = Forms(value_types(pipeline))
    nodes = list(walk(pipeline.body))
    if pipeline.result is not None:
        forms.looked.update(uses(pipeline.result))
        forms.used.update(uses(pipeline.result))
    foreign = {c.name for c in pipeline.components if c.container is not None or c.native is not None}
    for node in nodes:
        _wants(node, forms)
        if isinstance(node, Task) and node.component in foreign:
            forms.written.update(o.id for o in node.outputs if isinstance(o.type, ValueType))
    if workspace(pipeline.policy) is not None:
        forms.shared = set(_with_text(nodes, forms.types))
        forms.looked |= forms.shared
    if forms.texts:  # what has failed and was caught gives no text
        caught = [node for node in nodes if isinstance(node, (Task, Compute)) and node.caught is not None]
        forms.texts -= {o if isinstance(o, str) else o.id for node in caught for o in node.outputs}
    _pass_on(nodes, forms)
    for parameter in pipeline.parameters:
        forms.artifacts[parameter.name] = False
    _decide(pipeline.body, forms, False)
    return forms


def _with_text(nodes: list[Statement], types: dict[ValueId, Type]) -> Iterator[ValueId]:
    """Values in which there may be text; a list that a loop gives is of what its body gives."""
    items = {c.id: c.value for node in nodes if isinstance(node, ForEach) for c in node.outputs}
    for value, type_ in types.items():
        inner = value
        while inner in items:
            inner = items[inner]
        whole = types[inner]
        if isinstance(type_, ValueType) and not (isinstance(whole, ValueType) and _is_number(whole.annotation)):
            yield value


def _wants(node: Statement, forms: Forms) -> None:
    match node:
        case Task():
            forms.used.update(o.id for o in node.outputs if is_shown(o.type))
            for expr in node.args.values():
                forms.used.update(uses(expr))
                if isinstance(expr, Code):
                    forms.looked.update(uses(expr))
            asked = {name for part, name in node.policy.arguments.items() if is_text(part)}
            forms.texts.update(e.value for n in asked if isinstance(e := node.args[n], Ref))
        case Compute():
            for let in node.lets:
                forms.looked.update(uses(let.expr))
                forms.used.update(uses(let.expr))
        case Check() | Wait():
            for expr in operands(node):
                forms.looked.update(uses(expr))
                forms.used.update(uses(expr))
        case Branch(condition=Code()):  # whether a message is `None`
            forms.nones.update(uses(node.condition))
        case Branch():
            forms.truth.update(uses(node.condition))
        case ForEach():
            forms.loops.update(uses(node.items))
        case _:
            pass


def _pass_on(nodes: list[Statement], forms: Forms) -> None:
    """What is asked of a merged, collected or renamed value is asked of what stands behind it."""
    behind: dict[ValueId, list[ValueId]] = {}
    for node in nodes:
        pairs: list[tuple[ValueId, Expr]] = []
        match node:
            case Branch():
                pairs = [(p.id, e) for p in node.outputs for e in (p.then, p.orelse)]
            case Group():
                pairs = [(r.id, r.value) for r in node.outputs] + [(a.id, a.expr) for a in node.args]
            case ForEach():
                pairs = [(c.id, Ref(value=c.value)) for c in node.outputs]
            case _:
                pass
        for value, expr in pairs:
            behind.setdefault(value, []).extend(uses(expr))
    loops_over_values = {v for v in forms.loops if not is_artifact(forms.types[v])}
    forms.looked = _reach(forms.looked | {v for v in loops_over_values if v in behind}, behind)
    forms.itself = _reach(forms.used | {v for v in forms.truth | forms.loops if v in behind}, behind)
    forms.used = forms.itself | forms.truth | forms.loops


def _reach(start: set[ValueId], behind: dict[ValueId, list[ValueId]]) -> set[ValueId]:
    seen, queue = set(start), list(start)
    while queue:
        for value in behind.get(queue.pop(), ()):
            if value not in seen:
                seen.add(value)
                queue.append(value)
    return seen


def _decide(block: Block, forms: Forms, nested: bool) -> None:
    for node in block.nodes:
        if (caught := getattr(node, "caught", None)) is not None:
            forms.artifacts[caught] = False
        match node:
            case Task():
                for output in node.outputs:
                    forms.artifacts[output.id] = _is_artifact(output.id, forms)
            case Compute():
                for let in node.lets:
                    forms.artifacts[let.id] = _is_artifact(let.id, forms)
            case RunValue():
                forms.artifacts[node.output] = False
            case Branch():
                _decide(node.then, forms, nested)
                _decide(node.orelse, forms, nested)
                for phi in node.outputs:
                    operands = (phi.then, phi.orelse)
                    stored = is_artifact(phi.type) or any(forms.expr_is_stored(e) for e in operands)
                    forms.artifacts[phi.id] = stored
                    if stored:
                        forms.located.update(v for e in operands for v in uses(e))
            case ForEach():
                forms.artifacts |= {target.id: is_artifact(target.type) for target in node.targets}
                _decide(node.body, forms, True)
                gathered = nested or not isinstance(node.items, Const)
                for collect in node.outputs:
                    inline = collect.id in forms.looked or not gathered
                    forms.artifacts[collect.id] = forms.is_stored(collect.value) or not inline
            case Group():
                for arg in node.args:
                    forms.artifacts[arg.id] = forms.expr_is_stored(arg.expr)
                _decide(node.body, forms, nested)
                for result in node.outputs:
                    forms.artifacts[result.id] = forms.expr_is_stored(result.value)
            case Parallel():
                _decide(node.body, forms, nested)
            case _:
                pass


def _is_artifact(value: ValueId, forms: Forms) -> bool:
    type_ = forms.types[value]
    if not isinstance(type_, ValueType):
        return True
    return not (type_.metrics or value in forms.looked | forms.written or is_scalar(type_.annotation))
