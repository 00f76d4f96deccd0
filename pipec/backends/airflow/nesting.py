"""Fan-outs inside fan-outs: Airflow cannot map inside a mapped group, so the inner one runs over all pairs at once.

for a in xs:                 for a in xs: pre(a)
    pre(a)                   pairs = [(a, pre, b) for a, pre in zip(xs, pres) for b in ys(a, pre)]
    for b in ys(a): ...  ->  for a, pre, b in pairs: ...
    post(a)                  inner = ... regrouped by outer item
                             for a, pre, inner in zip(xs, pres, inner): post(a)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipec.backends.airflow.values import is_list
from pipec.compiler.backend.glue import operand_source
from pipec.compiler.passes.hoist import side_by_side
from pipec.compiler.passes.rebuild import free_name
from pipec.ir import (
    VALUE,
    Address,
    Block,
    Branch,
    Code,
    Collect,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    Let,
    ListOf,
    LoopVar,
    Parallel,
    Pipeline,
    Ref,
    Statement,
    Type,
    ValueId,
    is_artifact,
    text,
    uses,
)
from pipec.ir.graph import defines, free, value_types, walk


@dataclass
class Nesting:
    """How flattened loops belong to the pipeline's own."""

    inner: dict[str, tuple[str, ValueId]] = field(default_factory=dict)
    """Id of an inner loop -> the outer loop, and the value that lists how many items each outer item gave."""


def flattened(pipeline: Pipeline) -> tuple[Pipeline, Nesting]:
    """`pipeline` without a loop directly in a loop, and what became of which."""
    if not any(_nested(node) for node in walk(pipeline.body)):
        return pipeline, Nesting()
    work = _Flattener(value_types(pipeline), {n.id for n in walk(pipeline.body)})
    body = work.block(pipeline.body)
    return pipeline.model_copy(update={"body": body}), work.nesting


def _nested(node: Statement) -> bool:
    return isinstance(node, ForEach) and any(isinstance(n, ForEach) for n in side_by_side(node.body))


class _Flattener:
    def __init__(self, types: dict[ValueId, Type], ids: set[str]) -> None:
        self.types = types
        self.names = set(types) | ids
        self.nesting = Nesting()

    def fresh(self, wanted: str) -> str:
        name = free_name(wanted, self.names)
        self.names.add(name)
        return name

    def block(self, block: Block) -> Block:
        """`block` without nested loops; the outermost are taken apart first."""
        found: list[Statement] = []
        for node in block.nodes:
            match node:
                case ForEach() if _nested(node):
                    found += self.block(Block(nodes=tuple(self.split(node)))).nodes
                case Branch():
                    found.append(
                        node.model_copy(update={"then": self.block(node.then), "orelse": self.block(node.orelse)})
                    )
                case ForEach() | Group() | Parallel():
                    found.append(node.model_copy(update={"body": self.block(node.body)}))
                case _:
                    found.append(node)
        return Block(nodes=tuple(found))

    def split(self, outer: ForEach) -> list[Statement]:
        """`outer`, whose body has a loop, as loops and expressions side by side."""
        nodes = side_by_side(outer.body)
        at = next(i for i, n in enumerate(nodes) if isinstance(n, ForEach))
        pre, inner, post = nodes[:at], nodes[at], nodes[at + 1 :]
        assert isinstance(inner, ForEach)
        wanted = {c.value for c in outer.outputs}
        later = Block(nodes=(inner, *post))
        carried = [v for n in pre for v in defines(n) if v in free(later)]
        kept = [v for n in pre for v in defines(n) if v in wanted or v in carried]
        found: list[Statement] = []
        items = self.listed(outer, found)
        self.types[items] = outer.items_type
        lists = {v: next((c.id for c in outer.outputs if c.value == v), None) or self.fresh(f"{v}_all") for v in kept}
        if pre:
            found.append(
                outer.model_copy(
                    update={
                        "items": Ref(value=items),
                        "body": Block(nodes=tuple(pre)),
                        "outputs": tuple(
                            Collect(
                                id=lists[v],
                                value=v,
                                type=ListOf(item=self.types[v]) if is_artifact(self.types[v]) else VALUE,
                            )
                            for v in kept
                        ),
                    }
                )
            )
        found += self.inner(outer, inner, items, carried, lists)
        results = {c.id: c.type for c in inner.outputs}
        if post or any(c.value in results for c in outer.outputs):
            found += self.after(outer, inner, post, items, carried, lists)
        return found

    def listed(self, outer: ForEach, found: list[Statement]) -> ValueId:
        """The value with the items of `outer`, a list."""
        if isinstance(outer.items, Ref) and is_list(self.types.get(outer.items.value, VALUE)):
            return outer.items.value
        items = self.fresh(f"{outer.id}_all")
        code = Code(source=f"list({text(outer.items)})", inputs=_inputs(outer.items), type=outer.items_type)
        found.append(
            Compute(
                id=items, lets=(Let(id=items, expr=code, type=outer.items_type),), outputs=(items,), span=outer.span
            )
        )
        return items

    def inner(
        self, outer: ForEach, inner: ForEach, items: ValueId, carried: list[ValueId], lists: dict[ValueId, ValueId]
    ) -> list[Statement]:
        """The inner loop over all pairs, its results regrouped by outer item."""
        names = {v: f"outer_{i + 1}" for i, v in enumerate(carried)}
        targets = {t.id: "outer_item" + "".join(f"[{i}]" for i in t.path) for t in outer.targets}
        outside = {v: v for v in uses(inner.items) if v not in names and v not in targets}
        source = operand_source(inner.items, lambda v: names.get(v) or targets.get(v) or outside[v])
        head = ", ".join(["outer_item", *names.values()])
        zipped = (
            f"{head} in zip({', '.join([items, *(lists[v] for v in carried)])})"
            if carried
            else f"outer_item in {items}"
        )
        inputs = {items: items} | {lists[v]: lists[v] for v in carried} | {v: v for v in outside}
        pairs, counts = self.fresh(f"{inner.id}_pairs"), self.fresh(f"{inner.id}_counts")
        types = [outer.items_type, *(self.types[v] for v in carried), inner.items_type]
        kind: Type = next((t for t in types if is_artifact(t)), VALUE)
        many = Code(source=f"[({head}, inner_item) for {zipped} for inner_item in {source}]", inputs=inputs, type=kind)
        lets = (
            Let(id=counts, expr=Code(source=f"[len(list({source})) for {zipped}]", inputs=inputs), type=VALUE),
            Let(id=pairs, expr=many, type=kind),
        )
        nodes: list[Statement] = [Compute(id=pairs, lets=lets, outputs=(counts, pairs), span=inner.span)]
        free_inside = set(free(inner.body))
        loop_vars = [t.model_copy(update={"path": (0, *t.path)}) for t in outer.targets if t.id in free_inside]
        loop_vars += [
            LoopVar(id=v, path=(i + 1,), type=self.types[v]) for i, v in enumerate(carried) if v in free_inside
        ]
        loop_vars += [t.model_copy(update={"path": (len(carried) + 1, *t.path)}) for t in inner.targets]
        flat = {c.id: self.fresh(f"{c.id}_flat") for c in inner.outputs}
        nodes.append(
            inner.model_copy(
                update={
                    "items": Ref(value=pairs),
                    "items_type": kind,
                    "targets": tuple(loop_vars),
                    "outputs": tuple(c.model_copy(update={"id": flat[c.id]}) for c in inner.outputs),
                }
            )
        )
        self.nesting.inner[inner.id] = (outer.id, counts)
        self.types |= {counts: VALUE, pairs: kind} | {flat[c.id]: c.type for c in inner.outputs}
        for collect in inner.outputs:
            by_outer = f"{collect.id}_by_outer"
            slices = f"[{flat[collect.id]}[sum({counts}[:i]) : sum({counts}[: i + 1])] for i in range(len({counts}))]"
            code = Code(source=slices, inputs={flat[collect.id]: flat[collect.id], counts: counts}, type=collect.type)
            wanted = next((c.id for c in outer.outputs if c.value == collect.id), None) or self.fresh(by_outer)
            lists[collect.id] = wanted
            self.types[wanted] = collect.type
            nodes.append(
                Compute(
                    id=wanted, lets=(Let(id=wanted, expr=code, type=collect.type),), outputs=(wanted,), span=inner.span
                )
            )
        return nodes

    def after(
        self,
        outer: ForEach,
        inner: ForEach,
        post: list[Statement],
        items: ValueId,
        carried: list[ValueId],
        lists: dict[ValueId, ValueId],
    ) -> list[Statement]:
        """What follows the inner loop, over the outer items again."""
        if not post:
            return []
        rest = Block(nodes=tuple(post))
        needed = set(free(rest))
        extra = [v for v in (*carried, *(c.id for c in inner.outputs)) if v in needed]
        alone = not extra  # then the loop runs over the items themselves
        own = [t for t in outer.targets if t.id in needed]
        targets = own if alone else [t.model_copy(update={"path": (0, *t.path)}) for t in own]
        targets += [LoopVar(id=v, path=(i + 1,), type=self.types[v]) for i, v in enumerate(extra)]
        sources = [items, *(lists[v] for v in extra)]
        zipped = Code(source=f"zip({', '.join(sources)})", inputs={s: s for s in sources}, type=outer.items_type)
        kind: Type = next((self.types[v] for v in extra if is_artifact(self.types[v])), outer.items_type)
        made = {v for n in post for v in defines(n)}
        id_ = self.fresh(f"{outer.id}_after")
        if outer.id in self.nesting.inner:  # its items are those of an inner loop over all pairs
            self.nesting.inner[id_] = self.nesting.inner[outer.id]
        return [
            outer.model_copy(
                update={
                    "id": id_,
                    "targets": tuple(targets),
                    "body": rest,
                    "items_type": kind,
                    "items": Ref(value=items) if alone else zipped.model_copy(update={"type": kind}),
                    "outputs": tuple(c for c in outer.outputs if c.value in made),
                }
            )
        ]


def _inputs(expr: Expr) -> dict[str, ValueId]:
    match expr:
        case Ref() | Address():
            return {expr.value: expr.value}
        case Code():
            return dict(expr.inputs)
        case Const():
            return {}
