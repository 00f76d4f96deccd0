"""The body of the pipeline while it is made: statements whose names may still change."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pipec.backends.airflow.reading.own.dag import Node
from pipec.compiler.pysource.negate import negated
from pipec.compiler.pysource.text import double_quoted
from pipec.compiler.reading import Line, Nested, Statement


@dataclass(eq=False)
class Simple:
    """One statement."""

    stmt: ast.stmt
    node: Node


@dataclass(eq=False)
class Choice:
    """An `if`."""

    test: ast.expr
    node: Node
    then: Block = field(default_factory=lambda: Block())
    other: Block = field(default_factory=lambda: Block())

    def arm(self, taken: bool) -> Block:
        """One of its arms."""
        return self.then if taken else self.other


@dataclass(eq=False)
class Loop:
    """A `for`."""

    target: ast.expr
    items: ast.expr
    node: Node
    body: Block = field(default_factory=lambda: Block())


@dataclass(eq=False)
class Attempt:
    """A `try`, whose handler says what the results of tasks are when one has failed for good."""

    node: Node
    error: ast.Name
    """What the handler calls the exception."""
    body: Block = field(default_factory=lambda: Block())
    handler: Block | None = field(default_factory=lambda: Block())
    final: Block | None = None


@dataclass(eq=False)
class Together:
    """`with parallel():`, of tasks that do not wait for one another, or that wait for what `after` names."""

    body: Block
    after: tuple[ast.expr, ...] = ()


Item: TypeAlias = "Simple | Choice | Loop | Attempt | Together"


@dataclass(eq=False)
class Block:
    """Statements in order."""

    items: list[Item] = field(default_factory=list)


def every(block: Block) -> Iterator[Item]:
    """All statements, the inner ones too."""
    for item in block.items:
        yield item
        for inner in inner_blocks(item):
            yield from every(inner)


def inner_blocks(item: Item) -> list[Block]:
    """The blocks of a statement."""
    match item:
        case Choice():
            return [item.then, item.other]
        case Attempt():
            return [block for block in (item.body, item.handler, item.final) if block is not None]
        case Loop() | Together():
            return [item.body]
    return []


def nodes_of(item: Item) -> set[Node]:
    """The tasks that a statement stands for."""
    found = set() if isinstance(item, Together) else {item.node}
    for block in inner_blocks(item):
        for inner in block.items:
            found |= nodes_of(inner)
    return found


class Rename(ast.NodeTransformer):
    """Gives names other names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """One name."""
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def expressions(item: Item) -> list[ast.AST]:
    """What of a statement itself holds names."""
    match item:
        case Simple():
            return [item.stmt]
        case Choice():
            return [item.test]
        case Loop():
            return [item.target, item.items]
        case Attempt():
            return [item.error]
        case Together():
            return list(item.after)


def rename(block: Block, names: Mapping[str, str]) -> None:
    """Give names other names everywhere."""
    for item in every(block):
        match item:
            case Simple():
                item.stmt = Rename(names).visit(copy.deepcopy(item.stmt))
            case Choice():
                item.test = Rename(names).visit(copy.deepcopy(item.test))
            case Loop():
                item.target = Rename(names).visit(copy.deepcopy(item.target))
                item.items = Rename(names).visit(copy.deepcopy(item.items))
            case Attempt():
                item.error = Rename(names).visit(item.error)
            case Together():
                item.after = tuple(Rename(names).visit(copy.deepcopy(e)) for e in item.after)


def text(node: ast.AST) -> str:
    """The source of an expression or statement."""
    made = ast.fix_missing_locations(copy.deepcopy(node))
    return double_quoted(ast.unparse(made))


def statements(block: Block) -> tuple[Statement, ...]:
    """The statements as they are printed."""
    found: list[Statement] = []
    for item in block.items:
        match item:
            case Simple():
                found.append(Line(text(item.stmt)))
            case Loop():
                found.append(Nested(f"for {_bare(item.target)} in {text(item.items)}:", statements(item.body)))
            case Together():
                after = ", ".join(text(e) for e in item.after) + ("," if len(item.after) == 1 else "")
                given = f"after=({after})" if item.after else ""
                found.append(Nested(f"with parallel({given}):", statements(item.body)))
            case Attempt():
                found += _attempt(item)
            case Choice():
                found += _choice(item, "if")
    return tuple(found)


def is_pure(item: Item) -> bool:
    """Whether a statement only gives names and constants another name, which cannot fail."""
    match item:
        case Simple(stmt=ast.Assign(targets=[ast.Name()], value=value)):
            return all(isinstance(n, (ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Load)) for n in ast.walk(value))
    return False


def _attempt(item: Attempt) -> list[Statement]:
    found: list[Statement] = [Nested("try:", statements(item.body))]
    if item.handler is not None:
        read = any(isinstance(n, ast.Name) and n.id == item.error.id for n in _parts(item.handler))
        named = f" as {item.error.id}" if read else ""
        found.append(Nested(f"except Exception{named}:", statements(item.handler)))
    if item.final is not None:
        found.append(Nested("finally:", statements(item.final)))
    return found


def _parts(block: Block) -> Iterator[ast.AST]:
    for item in every(block):
        for expression in expressions(item):
            yield from ast.walk(expression)


def _bare(target: ast.expr) -> str:
    shown = text(target)
    return shown[1:-1] if isinstance(target, ast.Tuple) and shown.startswith("(") else shown


def _choice(item: Choice, word: str) -> list[Statement]:
    test, then, other = item.test, item.then, item.other
    if not then.items and not other.items:
        return [Nested(f"{word} {text(test)}:", ())]
    if not then.items:
        test, then, other = negated(test), other, then
    found: list[Statement] = [Nested(f"{word} {text(test)}:", statements(then))]
    if len(other.items) == 1 and isinstance(other.items[0], Choice):
        return [*found, *_choice(other.items[0], "elif")]
    if other.items:
        found.append(Nested("else:", statements(other)))
    return found
