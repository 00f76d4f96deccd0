"""Drafts -> model: dependencies in writing, and the pieces of the file in order."""

from __future__ import annotations

from pipec.backends.airflow.draft import CallDraft, Draft, GroupDraft, MappedDraft
from pipec.backends.airflow.graph import Loop, TaskNode
from pipec.backends.airflow.literals import literal
from pipec.backends.airflow.lower import Lowering
from pipec.backends.airflow.model import CodePiece, Item, MappedGroup, Order, TaskFunction, TaskGroup
from pipec.backends.airflow.values import Bound
from pipec.compiler.pysource.lazy import UserCode
from pipec.compiler.rendering import python_literal as py


def items(low: Lowering, outside: list[Order], inside: dict[int, list[Order]]) -> tuple[Item, ...]:
    """The body of the DAG."""
    return (*_items(low.top.items, inside), *outside)


def _items(drafts: list[Draft], inside: dict[int, list[Order]]) -> tuple[Item, ...]:
    found: list[Item] = []
    for draft in drafts:
        match draft:
            case CallDraft():
                found.append(draft.settled())
            case GroupDraft():
                body = _items(draft.body, inside)
                if body:
                    found.append(TaskGroup(id=draft.id, variable=draft.variable, doc=draft.doc, body=body))
            case MappedDraft():
                body = (*_items(draft.body, inside), *inside.get(id(draft.exported), ()))
                returns = tuple(n.call.variable for n in draft.exported)
                target = ", ".join(n.outer for n in draft.exported)
                found.append(
                    MappedGroup(
                        function=draft.function,
                        id=draft.id,
                        parameters=draft.parameters,
                        body=body,
                        returns=returns,
                        target=target,
                        mode=draft.mode,
                        args=tuple(draft.args),
                    )
                )
    return tuple(found)


def orders(low: Lowering) -> tuple[list[Order], dict[int, list[Order]]]:
    """The dependencies to write at the end of the DAG, and at the end of each mapped group's function."""
    outside: dict[TaskNode, list[TaskNode]] = {}
    inside: dict[int, dict[TaskNode, list[TaskNode]]] = {}
    for node in low.nodes:
        for upstream in node.order:
            group = node.loop if node.loop is not None and not node.loop.single else None
            where = outside if group is None else inside.setdefault(id(low.exported[group]), {})
            where.setdefault(node, []).append(upstream)
    return _written(low, outside), {key: _written(low, edges) for key, edges in inside.items()}


def _written(low: Lowering, edges: dict[TaskNode, list[TaskNode]]) -> list[Order]:
    """`edges` (task -> upstream) as few `a >> b >> [c, d]` lines as is readable."""
    links: dict[tuple[TaskNode, ...], list[TaskNode]] = {}
    for node, upstream in edges.items():
        links.setdefault(tuple(upstream), []).append(node)
    pairs = [(sources, tuple(targets)) for sources, targets in links.items()]
    flat: list[tuple[tuple[TaskNode, ...], tuple[TaskNode, ...]]] = []
    for sources, targets in pairs:
        if len(sources) > 1 and len(targets) > 1:  # lists cannot be chained to lists
            flat += [(sources, (target,)) for target in targets]
        else:
            flat.append((sources, targets))
    chains: list[list[tuple[TaskNode, ...]]] = []
    for sources, targets in flat:
        chain = next((c for c in chains if c[-1] == sources and (len(sources) == 1 or len(targets) == 1)), None)
        if chain is not None:
            chain.append(targets)
        else:
            chains.append([sources, targets])
    loops = {id(c): c[-1][0].loop for c in chains}
    return [
        Order(chain=tuple(tuple(low.variable(n, _seen_from(loops[id(c)])) for n in link) for link in c)) for c in chains
    ]


def _seen_from(loop: Loop | None) -> Loop | None:
    return loop if loop is not None and not loop.single else None


def result(low: Lowering) -> str:
    """What the pipeline results in, in the words of the DAG; "" where it is the last value that no task reads, or none.

    A run of Airflow has no result of its own.
    """
    expr = low.pipeline.result
    bound = low.bound(expr) if expr is not None else None
    last = _last(low)
    if bound is None or bound.const == "None":
        return "None" if last is not None else ""
    if bound.node is None:
        return literal(bound.const) if bound.const is not None else _of_run(bound)
    if bound.node is last and not bound.key:
        return ""
    output = ".output" if bound.node.function.is_operator else ""
    return low.variable(bound.node, None) + output + (f"[{py(bound.key)}]" if bound.key else "")


def _of_run(bound: Bound) -> str:
    return f"dag.param({py(bound.param)})" if bound.param else py(bound.template)


def _last(low: Lowering) -> TaskNode | None:
    """The last task whose value is whole and that no task reads."""
    read = {upstream for node in low.nodes for upstream in node.data}
    for node in reversed(low.nodes):
        function = node.function
        if (node.loop is not None and not node.loop.single) or node in read or node.arms:
            continue
        if function.caught or "." in function.operator:
            continue
        if function.operator == "class" and "do_xcom_push" not in function.options:
            continue
        if not any("result=None" in one or "outputs=" in one for one in function.decorators):
            return node
    return None


def code(low: Lowering, user: UserCode) -> tuple[CodePiece | TaskFunction, ...]:
    """The user's definitions, tasks among them, and our own functions below."""
    direct = {d.definition: d for d in low.functions.drafts if d.definition and not d.isolated}
    called = [CodePiece(name=c.name, source=c.source) for c in low.functions.callbacks.values()]
    found: list[CodePiece | TaskFunction] = []
    for name, source in user.sources.items():
        if name in direct:
            found, called = [*found, *called], []  # its options name them
            found.append(direct[name].settled().model_copy(update={"definition": source}))
        else:
            found.append(CodePiece(name=name, source=source))
    found += called
    found += [d.settled() for d in low.functions.drafts if not d.definition or d.isolated]
    return tuple(found)
