"""What a `try` around each task, and the branches on whether it has failed, are for a person: one `try`.

`Attempts` writes a task of a `try` with a variable for the message of its failure, and the DAG has branches on that
variable: what goes on after the task, what a handler does, a check at the end that fails the run again. Here the
parts are put together where nothing else reads the variable; what does not fit stays as it is, which means the same.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipec.backends.airflow.reading.own.attempts import message
from pipec.backends.airflow.reading.own.blocks import (
    Attempt,
    Block,
    Choice,
    Item,
    Simple,
    every,
    expressions,
    inner_blocks,
    is_pure,
)
from pipec.backends.airflow.reading.own.glue import Expr, substituted
from pipec.backends.airflow.reading.own.places import Names


@dataclass
class Handlers:
    """Puts the parts of every `try` together. Variables are still unique tokens, and each stands for itself."""

    root: Block
    names: Names

    def run(self) -> None:
        """In the whole body."""
        self._block(self.root)

    def _block(self, block: Block) -> None:
        for item in block.items:
            for inner in inner_blocks(item):
                self._block(inner)
        at = 0
        while at < len(block.items):
            if not self._together(block, at):
                at += 1

    def _together(self, block: Block, at: int) -> bool:
        """Whether something was made of what begins at `at`."""
        match block.items[at : at + 2]:
            case [Attempt() as first, Choice(test=ast.Compare(left=ast.Name(id=error), ops=[ast.Is()])) as second]:
                inside = _reads([second])[error]
                if error_of(first) != error or _reads(self.root.items)[error] != inside:
                    return False
                made = self._going_on(first, error, second) or self._handled(first, error, second)
                if made is not None:
                    block.items[at : at + 2] = [made]
                return made is not None
            case [Attempt() as first, *_]:
                return self._finally(block, at, first)
        return False

    def _going_on(self, first: Attempt, error: str, second: Choice) -> Attempt | None:
        """After a task that has not failed, the `try` goes on; after one that has, its failure is that of the `try`."""
        *before, last = second.then.items or [first]
        if not isinstance(last, Attempt) or last is first or last.handler is None or not all(map(is_pure, before)):
            return None
        known = _assigned(last.handler.items)
        others = _assigned(second.other.items)
        if known is None or others is None:
            return None
        told = {error: message(last.error)}
        if {k: ast.dump(substituted(v, told)) for k, v in others.items()} != {k: ast.dump(v) for k, v in known.items()}:
            return None
        left = self._left(first, error, [second], known)
        body = [*self._stripped(first, error), *before, *last.body.items]
        return Attempt(first.node, last.error, Block(body), Block([*left, *last.handler.items]))

    def _handled(self, first: Attempt, error: str, second: Choice) -> Attempt | None:
        """What is done where it has failed is its handler."""
        if not all(map(is_pure, second.then.items)):
            return None
        caught = first.error
        if any(isinstance(item, Attempt) for item in every(second.other)):
            caught = self.names.new("error")  # an inner handler would take the name away
        other = second.other
        _replace(other, error, caught)
        left = self._left(first, error, [*second.then.items], _assigned(_simple(other.items)) or {})
        body = [*self._stripped(first, error), *second.then.items]
        self._without_copies(body)
        return Attempt(first.node, caught, Block(body), Block([*left, *other.items]))

    def _finally(self, block: Block, at: int, first: Attempt) -> bool:
        """What runs between a task and the check that fails the run again is its `finally`."""
        error = error_of(first)
        for end in range(at + 1, len(block.items)):
            match block.items[end]:
                case Simple(stmt=ast.Assert(test=ast.Compare(left=ast.Name(id=asked), ops=[ast.Is()]))):
                    break
                case _:
                    continue
        else:
            return False
        between = block.items[at + 1 : end]
        own = set(_assigned(_simple(every(first.body))) or {})
        read = _reads(between)
        elsewhere = _reads(self.root.items)[asked] - _reads(block.items[end : end + 1])[asked]
        if asked != error or not between or elsewhere or any(read[name] for name in own):
            return False
        stripped = self._stripped(first, error)
        match stripped:
            case [Attempt() as only]:
                only.final = Block(between)
                block.items[at : end + 1] = [only]
            case _:
                block.items[at : end + 1] = [Attempt(first.node, first.error, Block(stripped), None, Block(between))]
        return True

    def _stripped(self, item: Attempt, error: str) -> list[Item]:
        """What does the same as `item`, and fails where that says so."""
        assert item.handler is not None
        body = item.body.items[:-1]
        if _told(item, error):
            return body
        *before, inner = item.handler.items
        assert isinstance(inner, Attempt)
        return [Attempt(item.node, item.error, Block(body), Block([*before, *self._stripped(inner, error)]))]

    def _left(self, item: Attempt, error: str, reader: Sequence[Item], known: dict[str, Expr]) -> list[Item]:
        """What a handler has to say of the results of a task that has failed, as others read them."""
        inside = _reads(reader)
        everywhere = _reads(self.root.items)
        found: list[Item] = []
        handler = item.handler.items if item.handler is not None and _told(item, error) else []
        for one in handler:
            for name in _assigned([one]) or {}:
                if name != error and name not in known and everywhere[name] > inside[name]:
                    found.append(one)
        return found

    def _without_copies(self, body: list[Item]) -> None:
        """`a = f(); b = a` is `b = f()` where nothing else reads `a`."""
        reads = _reads(self.root.items)
        for item in list(body):
            match item:
                case Simple(stmt=ast.Assign(targets=[ast.Name(id=copied)], value=ast.Name(id=name))) if (
                    reads[name] == 1
                ):
                    for made in body:
                        match made:
                            case Simple(stmt=ast.Assign(targets=[ast.Name(id=same)], value=value)) if same == name:
                                made.stmt = ast.Assign([ast.Name(copied, ast.Store())], value)
                                body.remove(item)
                                break


def error_of(item: Attempt) -> str:
    """The variable that has the message after a `try`; "" if there is none."""
    if item.handler is None or not item.handler.items or not item.body.items:
        return ""
    match item.body.items[-1]:
        case Simple(stmt=ast.Assign(targets=[ast.Name(id=error)], value=ast.Constant(None))):
            if _told(item, error):
                return error
            match item.handler.items[-1]:
                case Attempt() as inner if error_of(inner) == error:
                    return error
    return ""


def _told(item: Attempt, error: str) -> bool:
    """Whether the handler says nothing but what the results are, and the message."""
    assert item.handler is not None
    known = _assigned(item.handler.items)
    return known is not None and error in known and ast.dump(known[error]) == ast.dump(message(item.error))


def _simple(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if isinstance(item, Simple) and isinstance(item.stmt, ast.Assign)]


def _assigned(items: Iterable[Item]) -> dict[str, Expr] | None:
    """What statements bind to what, if all of them only bind names."""
    found: dict[str, Expr] = {}
    for item in items:
        match item:
            case Simple(stmt=ast.Assign(targets=[ast.Name(id=name)], value=value)):
                found[name] = value
            case _:
                return None
    return found


def _reads(items: Iterable[Item]) -> Counter[str]:
    """How often each variable is read."""
    found: Counter[str] = Counter()
    for item in every(Block(list(items))):
        for expression in expressions(item):
            for node in ast.walk(expression):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    found[node.id] += 1
    return found


def _replace(block: Block, error: str, caught: ast.Name) -> None:
    for item in every(block):
        match item:
            case Simple():
                item.stmt = _Told(error, caught).visit(copy.deepcopy(item.stmt))
            case Choice():
                item.test = _Told(error, caught).visit(copy.deepcopy(item.test))


class _Told(ast.NodeTransformer):
    """Puts the exception in the place of the variable that has its message."""

    def __init__(self, error: str, caught: ast.Name) -> None:
        self.error, self.caught = error, caught

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return message(self.caught) if node.id == self.error else node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        match node.value:
            case ast.Name(id=name) if name == self.error and node.format_spec is None and node.conversion in (-1, 115):
                return ast.FormattedValue(ast.Name(self.caught.id, ast.Load()), -1, None)
        return self.generic_visit(node)
