"""What a document says, as the statements of a pipeline: still with symbols for names, and with what waits for what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

Select: TypeAlias = "int | str | None"


@dataclass
class Node:
    """A statement. `before`: the nodes of its block that it waits for, by their `id`."""

    id: str
    before: set[str] = field(default_factory=set)
    error: str = field(default="", kw_only=True)
    """The message that it hands out where it has failed, in a `try`."""
    raises: set[str] = field(default_factory=set, kw_only=True)
    """The messages of what is inside of it."""


@dataclass
class Call(Node):
    """A call of a step or of a container."""

    source: str = ""
    function: str = ""
    targets: dict[Select, str] = field(default_factory=dict)
    """Which part of the result -> its symbol; `None`: all of it."""
    size: int = 0
    """How many elements the result has; 0 where it is not taken apart."""
    cached: bool = False
    effect: bool = True
    """Whether it is called for its effect, where nothing is made of its result."""


@dataclass
class Assign(Node):
    """A value that the pipeline itself computes."""

    symbol: str = ""
    source: str = ""


@dataclass
class Check(Node):
    """`assert`, or `raise` where there is no condition."""

    condition: str = ""
    message: str = ""


@dataclass
class Wait(Node):
    """A sensor; `source` is the whole call."""

    source: str = ""


@dataclass
class Choice(Node):
    """`if`."""

    condition: str = ""
    then: list[Node] = field(default_factory=list)
    orelse: list[Node] = field(default_factory=list)
    merged: list[tuple[str, str, str]] = field(default_factory=list)
    """Symbol, and the expressions that the two arms give for it."""


@dataclass
class Loop(Node):
    """`for`."""

    item: str = ""
    items: str = ""
    limit: int | None = None
    body: list[Node] = field(default_factory=list)
    collected: list[tuple[str, str]] = field(default_factory=list)
    """Symbol of the list, and the expression for each iteration."""


@dataclass
class Part:
    """A sub-pipeline, or the pipeline itself."""

    name: str
    parameters: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


@dataclass
class Group(Node):
    """A call of a sub-pipeline."""

    part: Part = field(default_factory=lambda: Part(""))
    arguments: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)


@dataclass
class With(Node):
    """`with parallel():`, whose children do not wait for one another; `after`: symbols that it waits for."""

    body: list[Node] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass
class Try(Node):
    """`try`, with `except` or with `finally`."""

    body: list[Node] = field(default_factory=list)
    handler: list[Node] | None = None
    final: list[Node] | None = None
    name: str = ""
    """The symbol of the exception."""
    merged: list[tuple[str, str, str]] = field(default_factory=list)


def blocks(node: Node) -> tuple[list[Node], ...]:
    """The blocks in `node`; a sub-pipeline is a function of its own."""
    match node:
        case Choice():
            return (node.then, node.orelse)
        case Loop() | With():
            return (node.body,)
        case Try():
            return (node.body, node.handler or [], node.final or [])
        case _:
            return ()


def walk(nodes: list[Node]) -> Iterator[Node]:
    """All nodes, outer before inner."""
    for node in nodes:
        yield node
        for block in blocks(node):
            yield from walk(block)


def sources(node: Node) -> list[str]:
    """The expressions that stand in `node` itself."""
    match node:
        case Call() | Assign() | Wait():
            return [node.source]
        case Check():
            return [node.condition, node.message]
        case Try():
            return [s for _, a, b in node.merged for s in (a, b)]
        case Choice():
            return [node.condition, *(s for _, a, b in node.merged for s in (a, b))]
        case Loop():
            return [node.items, *(s for _, s in node.collected)]
        case Group():
            return node.arguments
    return []


def defined(node: Node) -> list[str]:
    """The symbols that `node` makes for the statements below it."""
    match node:
        case Call():
            return list(node.targets.values())
        case Assign():
            return [node.symbol]
        case Choice():
            return [symbol for symbol, _, _ in node.merged]
        case Try():
            inside = [symbol for child in node.body for symbol in defined(child)] if node.final is not None else []
            return [*(symbol for symbol, _, _ in node.merged), *inside]
        case Loop():
            return [symbol for symbol, _ in node.collected]
        case Group():
            return node.targets
        case With():
            return [symbol for child in node.body for symbol in defined(child)]
    return []


def rewrite(node: Node, change: Callable[[str], str]) -> None:
    """Change the expressions that stand in `node` itself."""
    match node:
        case Call() | Assign() | Wait():
            node.source = change(node.source)
        case Check():
            node.condition, node.message = change(node.condition), change(node.message)
        case Choice():
            node.condition = change(node.condition)
            node.merged = [(symbol, change(a), change(b)) for symbol, a, b in node.merged]
        case Try():
            node.merged = [(symbol, change(a), change(b)) for symbol, a, b in node.merged]
        case Loop():
            node.items = change(node.items)
            node.collected = [(symbol, change(source)) for symbol, source in node.collected]
        case Group():
            node.arguments = [change(text) for text in node.arguments]
