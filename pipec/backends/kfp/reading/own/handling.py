"""`try` again, of tasks that catch their own failure and of branches on whether one has.

What `pipec.compiler.passes.soften` does is undone: messages are followed from the tasks that hand them out to the
branch or check that asks for the first of them. What stands between is the body of the `try`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipec.backends.kfp.reading.own.symbols import Symbols
from pipec.backends.kfp.reading.own.tree import (
    Assign,
    Check,
    Choice,
    Group,
    Loop,
    Node,
    Part,
    Try,
    defined,
    rewrite,
    sources,
    walk,
)
from pipec.backends.kfp.reading.values import RefusedError

HELPING = re.compile(r"try_?(?:_finally)?\Z")
"""What the groups are called that only keep the parts of a `try` in order."""

GOING_ON = "condition-going-on"
"""What the branches are called that are entered only as long as nothing has failed."""


@dataclass
class Handling:
    """Undoes it in all functions of a document."""

    symbols: Symbols
    errors: dict[str, frozenset[str]] = field(default_factory=dict)
    """A message, or a list of messages -> the messages of tasks that it is the first of."""
    asked: dict[str, str] = field(default_factory=dict)
    """Whether something has failed -> its message."""
    same: dict[str, str] = field(default_factory=dict)
    """Symbol -> what it is where nothing has failed."""

    def part(self, part: Part) -> None:
        """Undo it in one function, and in those that it calls."""
        part.nodes = self.block(part.nodes)

    def finish(self, parts: list[Part]) -> None:
        """Put values in the place of their copies, and refuse where a message is still read."""
        for part in parts:
            for node in walk(part.nodes):
                rewrite(node, self._settled)
            part.results = [self._settled(text) for text in part.results]
            for text in (*part.results, *(t for n in walk(part.nodes) for t in sources(n))):
                if set(self.symbols.of(text)) & set(self.errors):
                    raise RefusedError("the message of a failed task is used where no `except` can have it")

    def _settled(self, text: str) -> str:
        while any(symbol in self.same for symbol in self.symbols.of(text)):
            text = re.sub(
                rf"\b{self.symbols.prefix}\d+\b", lambda m: self.same.get(m[0], m[0]), text
            )  # each of them is another name only
        return text

    # --- blocks

    def block(self, nodes: list[Node]) -> list[Node]:
        """`nodes` with every `try` in it, and without messages."""
        found: list[Node] = []
        start: int | None = None
        for node in nodes:
            made = self._node(node)
            if made is None:  # the end of a `try`
                assert isinstance(node, (Choice, Check))
                body_start = len(found) if start is None else start
                found[body_start:] = self._closed(node, found[body_start:])
                start = body_start if self._raises(found[-1]) else None
                continue
            if start is None and any(map(self._raises, made)):
                start = len(found) + next(i for i, n in enumerate(made) if self._raises(n))
            found += made
        return found

    def _node(self, node: Node) -> list[Node] | None:
        """What `node` is; `None` where it is the end of a `try`."""
        if node.error:
            self.errors.setdefault(node.error, frozenset({node.error}))
        match node:
            case Assign() if found := self._asked(node.source.removeprefix("bool(").removesuffix(")")):
                self.asked[node.symbol] = found
                return []
            case Assign() if self._is_message(node):
                self.errors[node.symbol] = self._of(node.source)
                return []
            case Choice() if self._asked(node.condition):
                return self._going_on(node) if node.id.startswith(GOING_ON) else None
            case Check() if self._asked(node.condition) and node.message == self._asked(node.condition):
                return None
            case Choice():
                node.then, node.orelse = self.block(node.then), self.block(node.orelse)
                node.merged = [m for m in node.merged if not self._merges(*m)]
            case Loop():
                node.body = self.block(node.body)
                lists = {symbol: self.errors[source] for symbol, source in node.collected if source in self.errors}
                node.collected = [(s, source) for s, source in node.collected if source not in self.errors]
                self.errors |= lists
                node.raises |= {e for found in lists.values() for e in found}
            case Group():
                return self._group(node)
        return [node]

    def _group(self, node: Group) -> list[Node]:
        self.part(node.part)
        kept = []
        for target, result in zip(node.targets, node.part.results):
            if result in self.errors:
                self.errors[target] = self.errors[result]
                node.raises |= self.errors[result]
            else:
                kept.append((target, result))
        node.targets, node.part.results = [t for t, _ in kept], [r for _, r in kept]
        if not HELPING.match(node.part.name):
            return [node]
        self.same |= dict(zip(node.part.parameters, node.arguments))
        self.same |= dict(kept)
        for inner in node.part.nodes:
            inner.before |= node.before
        if node.part.nodes:
            node.part.nodes[-1].id = node.id  # what waits for the group waits for its end
        return node.part.nodes

    def _going_on(self, node: Choice) -> list[Node]:
        """What runs only as long as nothing has failed."""
        if node.orelse:
            raise RefusedError(f"`{node.id}` has tasks for what has failed")
        inner = self.block(node.then)
        for symbol, then, orelse in node.merged:
            if not self._merges(symbol, then, orelse):
                self.same[symbol] = then
        for one in inner:
            one.before |= node.before
        if inner:
            inner[-1].id = node.id
        return inner

    def _merges(self, symbol: str, then: str, orelse: str) -> bool:
        """Whether a merged value is a message."""
        sides = [side for side in (then, orelse) if side in self.errors]
        if not sides or not all(side in self.errors or side == "None" for side in (then, orelse)):
            return False
        self.errors[symbol] = frozenset(e for side in sides for e in self.errors[side])
        return True

    # --- the end of a `try`

    def _closed(self, node: Choice | Check, found: list[Node]) -> list[Node]:
        """The `try` that `node` ends, after the nodes `found`."""
        asked = self._asked(node.condition)
        last = max((i for i, n in enumerate(found) if self._raises(n)), default=-1)
        raised = {e for n in found for e in self._raises(n)}
        if raised != set(self.errors[asked]):
            raise RefusedError(f"which tasks the `try` at `{node.id}` has in it is not known")
        before = {b for n in found for b in n.before} - {n.id for n in found}
        made = Try(node.id, before=before, body=found)
        if isinstance(node, Check):
            final = found[last + 1 :]
            inside = {s for n in found[: last + 1] for s in defined(n)}
            if not final or any(set(self._used(n)) & inside for n in final):
                raise RefusedError(f"what the `try` at `{node.id}` does in the end is not known")
            made.body, made.final = found[: last + 1], final
            if node.error:
                made.error = node.error
                made.raises = {node.error}
        else:
            if not all(isinstance(n, Assign) for n in node.then):
                raise RefusedError(f"the `try` at `{node.id}` has an `else`")
            made.body += node.then  # what it computes for the values that both ways give
            self._handler(made, node, asked)
        for inner in walk(made.body):
            inner.error, inner.raises = "", set()
        return [made]

    def _handler(self, made: Try, node: Choice, asked: str) -> None:
        name = self.symbols.new("error")
        made.name = name
        known = self.errors.pop(asked)
        handler = self.block(node.orelse)
        made.merged = [m for m in node.merged if not self._merges(*m)]
        made.raises = {e for s, a, b in node.merged if s in self.errors for e in self.errors[s]}

        def told(text: str) -> str:
            return re.sub(rf"\b{asked}\b", f"str({name})", text)

        for inner in walk(handler):
            rewrite(inner, told)
        fine = {*self.errors, asked}
        made.merged = [(s, "None" if then in fine else then, told(orelse)) for s, then, orelse in made.merged]
        made.handler = handler
        self.errors[asked] = known

    # --- messages

    def _asked(self, condition: str) -> str:
        """The message that a condition asks for, where it does."""
        if condition in self.asked:
            return self.asked[condition]
        found = re.fullmatch(r"(\w+) is None", condition)
        return found[1] if found and found[1] in self.errors else ""

    def _is_message(self, node: Assign) -> bool:
        used = set(self.symbols.of(node.source))
        return bool(used) and used <= set(self.errors) and not node.error

    def _of(self, source: str) -> frozenset[str]:
        return frozenset(e for symbol in self.symbols.of(source) for e in self.errors[symbol])

    def _used(self, node: Node) -> list[str]:
        return [s for n in walk([node]) for text in sources(n) for s in self.symbols.of(text)]

    def _raises(self, node: Node) -> set[str]:
        """The messages of the tasks in `node`."""
        found = set(node.raises) | ({node.error} if node.error else set())
        if isinstance(node, (Choice, Loop)):
            for inner in walk([node]):
                found |= ({inner.error} if inner.error else set()) | (inner.raises if inner is not node else set())
        return found
