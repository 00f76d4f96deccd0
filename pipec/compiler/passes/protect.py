"""Blocks in which nothing fails: whatever may fail catches its own failure, and hands on the message instead."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipec.compiler.passes.rebuild import free_name, rename_values
from pipec.compiler.passes.sink import substituted
from pipec.compiler.purity import first_of, is_total
from pipec.ir import (
    VALUE,
    Block,
    Branch,
    Check,
    Code,
    Collect,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    GroupResult,
    Let,
    Parallel,
    Phi,
    Ref,
    Span,
    Statement,
    Task,
    Type,
    ValueId,
    Wait,
    optional,
    uses,
)
from pipec.ir.graph import defines, edges, free

NONE = Const(source="None")


@dataclass
class Protected:
    """A block in which nothing fails any more."""

    nodes: list[Statement] = field(default_factory=list)
    error: Expr = NONE
    """The first message, or `None`; the constant where nothing in the block can fail."""
    values: dict[ValueId, Expr] = field(default_factory=dict)
    """Values of the block, as they are seen at its end: `None` where they were not reached."""

    def at_end(self, expr: Expr) -> Expr:
        """`expr`, an operand at the end of the block as it was, at the end of the block as it is."""
        for value in uses(expr):
            if value in self.values:
                expr = substituted(expr, value, self.values[value])
        return expr


@dataclass
class Protector:
    """Makes blocks safe; knows the names that are taken."""

    types: dict[ValueId, Type]
    nodes: set[str]

    def fresh(self, wanted: str, type_: Type = VALUE) -> ValueId:
        """A new value."""
        name = free_name(wanted, self.types)
        self.types[name] = type_
        return name

    def node(self, wanted: str) -> str:
        """A new id of a node."""
        name = free_name(wanted, self.nodes)
        self.nodes.add(name)
        return name

    def explicit(self, block: Block, ends: list[Expr], span: Span) -> tuple[Block, list[Expr]]:
        """`block` in which expressions that may fail stand in nodes of their own, or in tasks."""
        nodes: list[Statement] = []
        for node in block.nodes:
            nodes += self.spelled_out(node)
        found: list[Expr] = []
        for expr in ends:
            if is_total(expr):
                found.append(expr)
            else:
                made = self.computed(expr, "value", _type(expr), span)
                nodes.append(made)
                found.append(Ref(value=made.outputs[0]))
        return Block(nodes=tuple(nodes)), found

    def spelled_out(self, node: Statement) -> list[Statement]:
        """`node`, with what its header evaluates before it."""
        match node:
            case Branch() if not is_total(node.condition):
                made = self.computed(node.condition, "condition", VALUE, node.span, "bool")
                return [made, node.model_copy(update={"condition": Ref(value=made.outputs[0])})]
            case ForEach() if not is_total(node.items):
                made = self.computed(node.items, "items", node.items_type, node.span, "list")
                return [made, node.model_copy(update={"items": Ref(value=made.outputs[0])})]
            case Group() if any(not is_total(a.expr) for a in node.args):
                before: list[Statement] = []
                args = []
                for arg in node.args:
                    if not is_total(arg.expr):
                        made = self.computed(arg.expr, arg.id, arg.type, node.span)
                        before.append(made)
                        arg = arg.model_copy(update={"expr": Ref(value=made.outputs[0])})
                    args.append(arg)
                return [*before, node.model_copy(update={"args": tuple(args)})]
        return [node]

    def computed(self, expr: Expr, hint: str, type_: Type, span: Span, wrap: str = "") -> Compute:
        """A node that evaluates `expr`."""
        if wrap and isinstance(expr, Code) and not expr.source.startswith(f"{wrap}("):
            expr = expr.model_copy(update={"source": f"{wrap}({expr.source})"})
        value = self.fresh(hint, type_)
        return Compute(id=self.node(value), lets=(Let(id=value, expr=expr, type=type_),), outputs=(value,), span=span)

    def protected(self, block: Block, wanted: set[ValueId], concurrent: bool = False) -> Protected:
        """`block` in which nothing fails; `wanted`: the values of it that are read at its end."""
        stages = self.stages(block, concurrent)
        return self.chain(stages, wanted) if stages else Protected()

    def stages(self, block: Block, concurrent: bool) -> list[list[Statement]]:
        """The nodes in runs, so that nothing waits for something in the same run that may have failed."""
        waits = edges(block, concurrent)
        found: list[list[Statement]] = []
        risky: set[str] = set()
        for node in block.nodes:
            if not found or risky & {*waits[node.id].data, *waits[node.id].order}:
                found.append([])
                risky = set()
            found[-1].append(node)
            if may_fail(node):
                risky.add(node.id)
        return found

    def chain(self, stages: list[list[Statement]], wanted: set[ValueId]) -> Protected:
        """The first run, and the others in a branch."""
        own, *others = stages
        later = {v for stage in others for node in stage for v in defines(node)} & wanted
        read = wanted | {v for stage in others for v in free(Block(nodes=tuple(stage)))}
        made = Protected()
        errors: list[Expr] = []
        for node in own:
            nodes, error = self.safe(node, read)
            made.nodes += nodes
            errors += [error] if error != NONE else []
        made.error = self.first(errors, made.nodes, own[0].span)
        if not others:
            return made
        inner = self.chain(others, later)
        span = others[0][0].span
        if made.error == NONE:  # nothing here can fail
            made.nodes += inner.nodes
            made.error, made.values = inner.error, inner.values
            return made
        phis = []
        for value in sorted(later):
            type_ = optional(self.types[value])
            out = self.fresh(value, type_)
            phis.append(Phi(id=out, then=inner.values.get(value, Ref(value=value)), orelse=NONE, type=type_))
            made.values[value] = Ref(value=out)
        error = made.error
        if inner.error != NONE:
            out = self.fresh("error")
            phis.append(Phi(id=out, then=inner.error, orelse=made.error, type=VALUE))
            error = Ref(value=out)
        made.nodes.append(
            Branch(
                id=self.node("going_on"),
                condition=fine(made.error),
                then=Block(nodes=tuple(inner.nodes)),
                orelse=Block(),
                outputs=tuple(phis),
                span=span,
            )
        )
        made.error = error
        return made

    def first(self, errors: list[Expr], nodes: list[Statement], span: Span) -> Expr:
        """The first of several messages, computed by a node that is added to `nodes`."""
        if len(errors) < 2:
            return errors[0] if errors else NONE
        names = [v for e in errors for v in uses(e)]
        source = " else ".join([*(f"{name} if {name} is not None" for name in names[:-1]), names[-1]])
        made = self.computed(Code(source=source, inputs={v: v for v in names}), "error", VALUE, span)
        nodes.append(made)
        return Ref(value=made.outputs[0])

    def safe(self, node: Statement, read: set[ValueId]) -> tuple[list[Statement], Expr]:
        """`node` made safe, and its message. `read`: the values that are read after it."""
        match node:
            case Task() | Compute() | Check() | Wait() if may_fail(node):
                hint = node.site.step if isinstance(node, Task) else node.id
                caught = self.fresh(f"{hint}_error")
                return [node.model_copy(update={"caught": caught})], Ref(value=caught)
            case Branch():
                return self.safe_branch(node)
            case ForEach():
                return self.safe_loop(node)
            case Group():
                return self.safe_group(node)
            case Parallel():
                made = self.protected(node.body, read, concurrent=True)
                assert all(isinstance(e, Ref) for e in made.values.values())
                nodes = made.nodes
                if made.values:
                    # the values keep their names, since they are seen from outside
                    renames = {e.value: v for v, e in made.values.items() if isinstance(e, Ref)}
                    renames |= {v: self.fresh(v, self.types[v]) for v in made.values}
                    nodes = list(rename_values(Block(nodes=tuple(nodes)), renames).nodes)
                return [node.model_copy(update={"body": Block(nodes=tuple(nodes))})], made.error
        return [node], NONE

    def safe_branch(self, node: Branch) -> tuple[list[Statement], Expr]:
        sides = []
        for block, ends in (
            (node.then, [p.then for p in node.outputs]),
            (node.orelse, [p.orelse for p in node.outputs]),
        ):
            block, ends = self.explicit(block, ends, node.span)
            made = self.protected(block, {v for e in ends for v in uses(e)})
            sides.append((made, [made.at_end(e) for e in ends]))
        (then, thens), (orelse, others) = sides
        phis = [
            p.model_copy(update={"then": t, "orelse": o, "type": optional(p.type)})
            for p, t, o in zip(node.outputs, thens, others)
        ]
        error: Expr = NONE
        if then.error != NONE or orelse.error != NONE:
            out = self.fresh("error")
            phis.append(Phi(id=out, then=then.error, orelse=orelse.error, type=VALUE))
            error = Ref(value=out)
        update = {
            "then": Block(nodes=tuple(then.nodes)), "orelse": Block(nodes=tuple(orelse.nodes)), "outputs": tuple(phis),
        }  # fmt: skip
        return [node.model_copy(update=update)], error

    def safe_loop(self, node: ForEach) -> tuple[list[Statement], Expr]:
        body, _ = self.explicit(node.body, [], node.span)
        made = self.protected(body, {o.value for o in node.outputs})
        outputs = []
        for output in node.outputs:
            value = made.values.get(output.value, Ref(value=output.value))
            assert isinstance(value, Ref)
            outputs.append(output.model_copy(update={"value": value.value}))
        nodes = list(made.nodes)
        after: list[Statement] = []
        error: Expr = NONE
        if made.error != NONE:
            assert isinstance(made.error, Ref)
            listed = self.fresh("errors")
            outputs.append(Collect(id=listed, value=made.error.value, type=VALUE))
            first = self.computed(Code(source=first_of(listed), inputs={listed: listed}), "error", VALUE, node.span)
            after.append(first)
            error = Ref(value=first.outputs[0])
        update = {"body": Block(nodes=tuple(nodes)), "outputs": tuple(outputs)}
        return [node.model_copy(update=update), *after], error

    def safe_group(self, node: Group) -> tuple[list[Statement], Expr]:
        ends = [o.value for o in node.outputs]
        body, ends = self.explicit(node.body, ends, node.span)
        made = self.protected(body, {v for e in ends for v in uses(e)})
        outputs = [o.model_copy(update={"value": made.at_end(e)}) for o, e in zip(node.outputs, ends)]
        error: Expr = NONE
        if made.error != NONE:
            out = self.fresh("error")
            outputs.append(GroupResult(id=out, value=made.error, type=VALUE))
            error = Ref(value=out)
        update = {"body": Block(nodes=tuple(made.nodes)), "outputs": tuple(outputs)}
        return [node.model_copy(update=update)], error


def may_fail(node: Statement) -> bool:
    """Whether `node`, or anything in it, may fail the run."""
    match node:
        case Task() | Check() | Wait():
            return node.caught is None
        case Compute():
            return node.caught is None and not all(is_total(let.expr) for let in node.lets)
        case Branch():
            ends = [e for p in node.outputs for e in (p.then, p.orelse)]
            inside = any(may_fail(n) for block in (node.then, node.orelse) for n in block.nodes)
            return inside or not all(map(is_total, (node.condition, *ends)))
        case ForEach():
            return not is_total(node.items) or any(map(may_fail, node.body.nodes))
        case Group():
            ends = [*(a.expr for a in node.args), *(o.value for o in node.outputs)]
            return any(map(may_fail, node.body.nodes)) or not all(map(is_total, ends))
        case Parallel():
            return any(map(may_fail, node.body.nodes))
        case _:
            return False


def _type(expr: Expr) -> Type:
    return expr.type if isinstance(expr, Code) else VALUE


def fine(error: Expr) -> Expr:
    """The condition that nothing has failed."""
    assert isinstance(error, Ref)
    return Code(source=f"{error.value} is None", inputs={error.value: error.value})
