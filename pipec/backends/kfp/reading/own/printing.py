"""Statements over symbols as the statements of a pipeline function."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipec.backends.kfp.reading.own.symbols import Symbols
from pipec.backends.kfp.reading.own.tree import (
    Assign,
    Call,
    Check,
    Choice,
    Group,
    Loop,
    Node,
    Part,
    Try,
    Wait,
    With,
    defined,
    sources,
    walk,
)
from pipec.backends.kfp.reading.values import RefusedError
from pipec.compiler.pysource.negate import negated_text
from pipec.compiler.pysource.text import double_quoted
from pipec.compiler.reading import Line, Nested, Statement


class Printer:
    """Prints one function."""

    def __init__(self, part: Part, symbols: Symbols) -> None:
        self.part, self.symbols = part, symbols
        self.used = {
            s for texts in (*(sources(n) for n in walk(part.nodes)), part.results, *_afters(part.nodes))
            for text in texts for s in symbols.of(text)
        }  # fmt: skip
        self.same: dict[str, str] = {}
        """Symbol -> the symbol of the value that it is merged into."""
        for node in walk(part.nodes):
            if isinstance(node, Choice):
                self._merge(node, node.then, node.orelse)
            elif isinstance(node, Try):
                self._merge(node, node.body, node.handler or [])

    def body(self) -> list[Statement]:
        """The statements, over symbols that `self.same` has not replaced."""
        return self._block(self.part.nodes, self.part.results)

    def renamed(self, text: str, names: Mapping[str, str]) -> str:
        """`text` with the names of its symbols."""

        def name(found: re.Match[str]) -> str:
            symbol = found[0]
            while symbol in self.same:
                symbol = self.same[symbol]
            if symbol not in names:
                raise RefusedError(f"where the value `{found[0]}` of `{self.part.name}` comes from is not known")
            return names[symbol]

        return re.sub(rf"\b{self.symbols.prefix}\d+\b", name, text)

    def _merge(self, node: Choice | Try, then: list[Node], orelse: list[Node]) -> None:
        """Let the arms of `node` bind the merged names themselves, where they can."""
        for index, block in ((1, then), (2, orelse)):
            own = {symbol for inner in block for symbol in defined(inner)}
            merged: set[str] = set()
            for entry in node.merged:
                source = entry[index]
                if source in own and source not in self.same and source not in merged and entry[0] in self.used:
                    self.same[source] = entry[0]
                    merged.add(source)

    # --- blocks

    def _block(self, nodes: list[Node], results: list[str] | None = None) -> list[Statement]:
        found: list[Statement] = []
        for at, node in enumerate(nodes):
            if results is not None and at == len(nodes) - 1 and self._ends(node, results):
                assert isinstance(node, Choice)
                return [*found, *self._returning(node, results)]
            found += self._statement(node)
        if results:
            last = nodes[-1] if nodes else None
            if isinstance(last, Call) and last.targets == {None: results[0]} and len(results) == 1:
                found[-1] = Line(f"return {last.source}")
            else:
                found.append(Line(f"return {', '.join(results)}"))
        return found

    def _ends(self, node: Node, results: list[str]) -> bool:
        """Whether the results are what the arms of `node` give, and nothing else is."""
        if not isinstance(node, Choice) or not results:
            return False
        merged = {symbol for symbol, _, _ in node.merged}
        return set(results) == merged or (set(results) <= merged and not (merged - set(results)) & self.used)

    def _returning(self, node: Choice, results: list[str]) -> list[Statement]:
        arms = {symbol: (a, b) for symbol, a, b in node.merged}
        for symbol, (a, b) in arms.items():
            for source in (a, b):
                if self.same.get(source) == symbol:
                    del self.same[source]
        then, orelse = ([arms[r][side] for r in results] for side in (0, 1))
        first = Nested(f"if {node.condition}:", tuple(self._block(node.then, then)))
        return [first, *self._block(node.orelse, orelse)]

    # --- statements

    def _statement(self, node: Node) -> list[Statement]:
        match node:
            case Call():
                return [Line(self._call(node))]
            case Assign():
                return [Line(f"{node.symbol} = {node.source}")]
            case Check():
                return [Line(_check(node))]
            case Wait():
                return [Line(node.source)]
            case Choice():
                return self._choice(node)
            case Loop():
                return self._loop(node)
            case Try():
                return self._try(node)
            case Group():
                return [Line(_bound(node.targets, _group(node), self.used))]
            case With():
                header = "with parallel():"
                if node.after:
                    names = f"({', '.join(node.after)})" if len(node.after) > 1 else node.after[0]
                    header = f"with parallel(after={names}):"
                return [Nested(header, tuple(self._block(node.body)))]
        raise TypeError(node)

    def _call(self, node: Call) -> str:
        if None in node.targets:
            return f"{node.targets[None]} = {node.source}"
        if node.targets:
            names = [node.targets.get(at, "_") for at in range(node.size)]
            return f"{', '.join(names)}{',' * (len(names) == 1)} = {node.source}"
        return node.source if node.effect and not node.cached else f"_ = {node.source}"

    def _arms(self, node: Choice | Try, then: list[Node], orelse: list[Node]) -> list[list[Statement]]:
        """The statements of two arms, with the values that both give."""
        arms: list[list[Statement]] = []
        for index, block in ((1, then), (2, orelse)):
            lines = self._block(block)
            for entry in node.merged:
                if self.same.get(entry[index]) != entry[0] and entry[0] in self.used:
                    lines.append(Line(f"{entry[0]} = {entry[index]}"))
            arms.append(lines)
        return arms

    def _try(self, node: Try) -> list[Statement]:
        body, handler = self._arms(node, node.body, node.handler or [])
        found: list[Statement] = [Nested("try:", tuple(body))]
        if node.handler is not None:
            found.append(Nested(f"except Exception as {node.name}:", tuple(handler)))
        if node.final is not None:
            found.append(Nested("finally:", tuple(self._block(node.final))))
        return found

    def _choice(self, node: Choice) -> list[Statement]:
        then, orelse = self._arms(node, node.then, node.orelse)
        if not then and orelse:
            return [Nested(f"if {double_quoted(negated_text(node.condition))}:", tuple(orelse))]
        found: list[Statement] = [Nested(f"if {node.condition}:", tuple(then))]
        if orelse and isinstance(orelse[0], Nested) and orelse[0].header.startswith("if ") and _is_chain(orelse):
            found.append(Nested(f"el{orelse[0].header}", orelse[0].body))
            found += orelse[1:]
        elif orelse:
            found.append(Nested("else:", tuple(orelse)))
        return found

    def _loop(self, node: Loop) -> list[Statement]:
        items = f"parallel({node.items}, limit={node.limit})" if node.limit else node.items
        live = [(symbol, source) for symbol, source in node.collected if symbol in self.used]
        if len(live) == 1 and len(node.body) == 1 and (element := self._element(node.body[0], live[0][1])):
            return [Line(f"{live[0][0]} = [{element} for {node.item} in {items}]")]
        body = [*self._block(node.body), *(Line(f"{symbol}.append({source})") for symbol, source in live)]
        return [*(Line(f"{symbol} = []") for symbol, _ in live), Nested(f"for {node.item} in {items}:", tuple(body))]

    def _element(self, node: Node, source: str) -> str:
        """The call that stands in a comprehension, where that is all that there is in the loop."""
        match node:
            case Call(targets={None: symbol}) if symbol == source:
                return node.source
            case Call(targets=targets) if len(targets) == 1 and source in targets.values():
                return f"{node.source}[{next(iter(targets))}]"
            case Group(targets=[symbol]) if symbol == source:
                return _group(node)
        return ""


def _is_chain(statements: list[Statement]) -> bool:
    """Whether all of them are one `if` with its `elif` and `else`."""
    rest = statements[1:]
    return all(isinstance(s, Nested) and s.header.startswith(("elif ", "else:")) for s in rest)


def _group(node: Group) -> str:
    return f"{node.part.name}({', '.join(node.arguments)})"


def _bound(targets: list[str], call: str, used: set[str]) -> str:
    if not targets:
        return call
    return f"{', '.join(t if t in used or len(targets) == 1 else '_' for t in targets)} = {call}"


def _check(node: Check) -> str:
    if not node.condition:
        return f"raise PipelineFailed({node.message})"
    return f"assert {node.condition}" + (f", {node.message}" if node.message else "")


def _afters(nodes: list[Node]) -> list[list[str]]:
    return [node.after for node in walk(nodes) if isinstance(node, With)]
