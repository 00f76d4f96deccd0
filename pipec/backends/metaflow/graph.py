"""The step graph: blocks of the IR, nested by the series-parallel pass, as steps that fork and join."""

from __future__ import annotations

from pipec.backends.metaflow.assemble import ordered
from pipec.backends.metaflow.draft import Asked, Assign, Draft, Gather, Mode, OfRun, Open
from pipec.backends.metaflow.leaves import Leaves, is_hosted
from pipec.backends.metaflow.names import plain_id
from pipec.backends.metaflow.safety import is_boolean, known_length
from pipec.compiler.capabilities import at_least
from pipec.compiler.diagnostics.target import AddedOrder, TargetLimit
from pipec.compiler.passes.series_parallel import Leaf, Series, Tree, nest
from pipec.ir import (
    VALUE,
    Block,
    Branch,
    Check,
    Code,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    ListOf,
    Parallel,
    Ref,
    Statement,
    Type,
    ValueId,
    ValueType,
    uses,
)
from pipec.ir.graph import defines, edges

ORDERED = "2.19.23"
"""Since then the tasks of a foreach are joined in the order of its items (Netflix/metaflow#2974)."""
MOST_SPLITS = 100
"""Tasks of one foreach, unless a run is given `--max-num-splits`."""
TASK, NOTHING = 10, 0
"""Weights for the nesting: a task, and an expression."""


class Builder(Leaves):
    """Makes the steps of one pipeline."""

    def build(self) -> list[Draft]:
        """The steps in the order in which they run."""
        start = Draft("start", "Start the flow.")
        self.steps.append(start)
        for value, what in self.run_values.items():
            if what == "name" or what == "date":
                start.actions.append(OfRun(value, what))
        late = self._only_for_the_result(self.pipeline.body)
        body = Block(nodes=tuple(n for n in self.pipeline.body.nodes if n.id not in late))
        open_ = self._block(body, Open((start,)))
        if open_.mode == "join":
            open_ = self.single(open_)
        end = self.add(open_, "end", "Finish the flow.")
        for node in self.pipeline.body.nodes:
            if isinstance(node, Compute) and node.id in late:
                self.assign(end, node)
        return ordered(self.steps)

    def _only_for_the_result(self, block: Block) -> set[str]:
        """Expressions that nothing waits for: they can be evaluated at the end."""
        late: set[str] = set()
        waits = edges(block)
        for node in reversed(block.nodes):
            if isinstance(node, Compute) and node.caught is None:
                after = [n.id for n in block.nodes if node.id in (*waits[n.id].data, *waits[n.id].order)]
                if all(other in late for other in after):
                    late.add(node.id)
        return late

    # blocks

    def _block(self, block: Block, open_: Open, concurrent: bool = False) -> Open:
        block = Block(nodes=tuple(n for n in block.nodes if n.kind != "run"))  # known everywhere
        nodes = {node.id: node for node in block.nodes}
        waits = {id_: {*found.data, *found.order} for id_, found in edges(block, concurrent).items()}
        for id_, node in list(nodes.items()):
            if is_hosted(node) and not waits[id_]:
                open_ = self.leaf(node, open_)
                del nodes[id_]
                for other in waits.values():
                    other.discard(id_)
        weights = {id_: self._weight(node) for id_, node in nodes.items()}
        nested = nest(list(nodes), {id_: waits[id_] for id_ in nodes}, weights)
        for before, after in nested.added:
            if not is_hosted(nodes[before]) and not is_hosted(nodes[after]):
                self.report.add(AddedOrder(nodes[after].span, "metaflow", after, before))
        return self._tree(nested.tree, nodes, open_)

    def _weight(self, node: Statement) -> int:
        match node:
            case Compute() | Check() if is_hosted(node):
                return NOTHING
            case Branch():
                return max(self._longest(node.then), self._longest(node.orelse))
            case ForEach() | Group() | Parallel():
                return self._longest(node.body)
            case _:
                return TASK

    def _longest(self, block: Block) -> int:
        ends: dict[str, int] = {}
        waits = edges(block)
        for node in block.nodes:
            found = waits[node.id]
            ends[node.id] = self._weight(node) + max((ends[b] for b in (*found.data, *found.order)), default=0)
        return max(ends.values(), default=0)

    def _tree(self, tree: Tree | None, nodes: dict[str, Statement], open_: Open) -> Open:
        match tree:
            case None:
                return open_
            case Leaf():
                return self._node(nodes[tree.name], open_)
            case Series():
                for part in tree.parts:
                    open_ = self._tree(part, nodes, open_)
                return open_
            case _:
                return self._fork(tree.parts, nodes, open_)

    def _fork(self, parts: tuple[Tree, ...], nodes: dict[str, Statement], open_: Open) -> Open:
        source = self.source(open_, [], "fork", "Start the parallel branches.")
        found = [self.single(self._tree(part, nodes, Open((source,), "branch"))) for part in parts]
        ends = tuple(o.end for o in found if o.mode != "branch")
        if len(ends) == 1:
            return Open(ends)
        return Open(ends, "join") if ends else Open((source,))

    def _node(self, node: Statement, open_: Open) -> Open:
        match node:
            case Branch():
                return self._branch(node, open_)
            case ForEach():
                return self._foreach(node, open_)
            case Group():
                return self._block(node.body, open_)
            case Parallel():
                return self._block(node.body, open_, concurrent=True)
            case _:
                return self.leaf(node, open_)

    # branches and loops

    def _branch(self, node: Branch, open_: Open) -> Open:
        condition = node.condition
        asked = self._asked(node)
        source = self.source(open_, [condition], asked.step, asked.doc)
        source.over = self._condition(source, condition, asked.value)
        source.kind = "switch"
        ends: list[Draft] = []
        arms: tuple[tuple[Mode, Block, list[tuple[ValueId, Expr, Type]]], ...] = (
            ("true", node.then, [(p.id, p.then, p.type) for p in node.outputs]),
            ("false", node.orelse, [(p.id, p.orelse, p.type) for p in node.outputs]),
        )
        for mode, block, phis in arms:
            arm = self._arm(block, phis, Open((source,), mode), asked.then if mode == "true" else asked.orelse)
            ends += arm.ends
        self.booleans |= {p.id for p in node.outputs if self._is_boolean(p.then) and self._is_boolean(p.orelse)}
        return Open(tuple(ends), "merge")

    def _asked(self, node: Branch) -> Asked:
        """What is called how; branches that come of a `try` ask whether something went well."""
        hint, looked = plain_id(node.id), uses(node.condition)
        before = self.catching.get(looked[0]) if len(looked) == 1 else None
        if hint == node.id and hint.endswith("_failed"):
            hint = hint.removesuffix("_failed")
            doc = "See whether the `try` went well."
            return Asked(f"check_{hint}", doc, f"{hint}_went_well", f"after_{hint}", f"handle_{hint}")
        if hint == node.id and before:
            doc = f"Go on if `{before}` went well."
            return Asked(f"after_{before}", doc, f"{before}_went_well", f"only_{before}", f"{before}_failed")
        return Asked(f"check_{hint}", "Choose a branch.", node.id, f"only_{hint}", f"skip_{hint}")

    def _is_boolean(self, expr: Expr) -> bool:
        match expr:
            case Const():
                return expr.source in ("True", "False")
            case Ref():
                return expr.value in self.booleans
            case _:
                return is_boolean(expr, self.types)

    def _condition(self, source: Draft, condition: Expr, hint: str) -> ValueId:
        if isinstance(condition, Ref) and condition.value in self.booleans:
            return condition.value
        name = self.value(hint)
        wrap = "" if is_boolean(condition, self.types) else "bool"
        source.actions.append(Assign(name, condition, VALUE, wrap))  # type: ignore[arg-type]
        return name

    def _arm(self, block: Block, phis: list[tuple[ValueId, Expr, Type]], open_: Open, name: str) -> Open:
        own = {v for n in block.nodes for v in defines(n)}
        shared = {id_ for id_, expr, _ in phis if self._share(id_, expr, own)}
        mode = open_.mode
        open_ = self._block(block, open_)
        wanted = [(id_, expr, type_) for id_, expr, type_ in phis if id_ not in shared]
        if open_.mode == mode:
            doc = "Set what the branches have in common." if wanted else "There is nothing to do in this branch."
            open_ = Open((self.synthetic(open_, name, doc),))
        if wanted:
            step = self.host(
                open_, [e for _, e, _ in wanted], f"set_{wanted[0][0]}", "Set what the branches have in common."
            )
            step.actions += [Assign(*phi) for phi in wanted]
            open_ = Open((step,))
        return self.single(open_) if open_.mode == "join" else open_

    def _share(self, phi: ValueId, expr: Expr, own: set[ValueId]) -> bool:
        """Let the value of an arm have the artifact of the merged value, where nothing else does."""
        if not isinstance(expr, Ref) or expr.value not in own or expr.value in self.aliases:
            return False
        self.aliases[expr.value] = phi
        return True

    def _foreach(self, node: ForEach, open_: Open) -> Open:
        length = known_length(node.items, self.lengths)
        if length is not None:
            self.lengths |= {o.id: length for o in node.outputs}
        if length and length > MOST_SPLITS:
            limit = (
                f"{length} tasks of a foreach need `run --max-num-splits {length}`: it starts {MOST_SPLITS} at the most"
            )
            self.report.add(TargetLimit(node.span, "metaflow", limit))
        if length:
            source = self.source(
                open_, [node.items], f"each_{_target(node)}", f"Start a task for each `{_target(node)}`."
            )
            source.over = self._items(source, node)
            return Open((self._loop(node, source),))
        source = self.source(
            open_, [Code(source="list(x)")], f"list_{_target(node)}", f"List what `{_target(node)}` goes through."
        )
        source.over, items = "", self._items(source, node, keep=True)
        has = self.value(f"any_{_target(node)}")
        source.actions.append(Assign(has, Ref(value=items), VALUE, "bool"))
        source.kind, source.over = "switch", has
        each = self.synthetic(
            Open((source,), "true"), f"each_{_target(node)}", f"Start a task for each `{_target(node)}`."
        )
        each.over = items
        gathered = self._loop(node, each)
        nothing = self.synthetic(
            Open((source,), "false"),
            f"no_{_target(node)}",
            "There is nothing to do, and Metaflow takes no empty foreach.",
        )
        self.empty[nothing.name] = node.id
        nothing.actions += [Assign(o.id, Const(source="[]"), o.type) for o in node.outputs]
        return Open((gathered, nothing), "merge")

    def _items(self, source: Draft, node: ForEach, keep: bool = False) -> ValueId:
        """The list that the foreach runs over."""
        items = node.items
        if isinstance(items, Ref) and self._is_list(items.value):
            return items.value
        name = self.value(f"{_target(node)}_values")
        wrap = (
            "" if isinstance(items, Const) or (isinstance(items, Code) and items.source.startswith("list(")) else "list"
        )
        source.actions.append(Assign(name, items, VALUE, wrap))  # type: ignore[arg-type]
        return name

    def _is_list(self, value: ValueId) -> bool:
        type_ = self.types[value]
        if value in self.lengths or isinstance(type_, ListOf):
            return True
        return isinstance(type_, ValueType) and type_.annotation.split("[")[0] in ("list", "List", "typing.List")

    def _loop(self, node: ForEach, source: Draft) -> Draft:
        source.kind, source.loop = "foreach", node
        open_ = self._block(node.body, Open((source,), "each"))
        if open_.mode == "each":
            open_ = Open((self.synthetic(open_, f"item_{plain_id(node.id)}", "One item."),))
        end = self.single(open_).end
        name = f"gather_{node.outputs[0].id}" if node.outputs else f"join_{plain_id(node.id)}"
        join = self.synthetic(Open((end,), "join"), name, f"Collect the results of each `{_target(node)}`, in order.")
        join.foreach_join = True
        if node.outputs:
            join.actions.append(Gather(node.outputs, sort=not at_least(self.version, ORDERED)))
        else:
            join.doc = "Wait for all items."
        return join


def _target(node: ForEach) -> str:
    return node.targets[0].id if node.targets else plain_id(node.id)
