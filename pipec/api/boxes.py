"""What the pictures of a pipeline say: the words of each node, and the blocks inside it."""

from __future__ import annotations

from pipec.compiler.pysource.negate import negated_text
from pipec.ir import Block, Branch, Check, Compute, ForEach, Group, Parallel, Statement, Try, Wait, text


def small(node: Statement) -> str | None:
    """What a node says that is no step."""
    match node:
        case Compute():
            return _short("; ".join(f"{let.id} = {text(let.expr)}" for let in node.lets))
        case Check():
            return _short(node.source or f"assert {text(node.condition)}")
        case Wait():
            return _short(f"wait for {text(node.uri)}")
        case _:
            return None


def boxes_of(node: Statement) -> tuple[tuple[str, Block], ...]:
    """The blocks inside a node, with what stands over them."""
    match node:
        case ForEach():
            names = ", ".join(target.id for target in node.targets) or "_"
            return ((_short(f"for {names} in {text(node.items)}"), node.body),)
        case Branch():
            condition = text(node.condition)
            return (
                (f"if {_short(condition)}", node.then),
                (f"if {_short(negated_text(condition))}", node.orelse),
            )
        case Try():
            parts = (("try", node.body), ("except", node.handler), ("finally", node.final))
            return tuple((title, block) for title, block in parts if block is not None)
        case Group():
            return ((node.name, node.body),)
        case Parallel():
            return (("parallel", node.body),)
        case _:
            return ()


def _short(title: str) -> str:
    return title if len(title) <= 60 else title[:57] + "..."
