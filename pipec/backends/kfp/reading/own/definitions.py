"""The user's definitions from all programs of a document, each once, in an order that runs."""

from __future__ import annotations

import builtins
from collections.abc import Iterable

from pipec.backends.kfp.reading.own.programs import Chunk, Program
from pipec.backends.kfp.reading.values import RefusedError


class Definitions:
    """What the programs define."""

    def __init__(self, programs: Iterable[Program]) -> None:
        self.chunks: dict[str, Chunk] = {}
        self.after: dict[str, set[str]] = {}
        """Definition -> those that come before it in some program."""
        for program in programs:
            before: list[str] = []
            for chunk in program.chunks:
                if chunk.source in before and not chunk.is_import:
                    raise RefusedError(f"one of its steps has `{chunk.source[:40]}` twice")
                self.chunks.setdefault(chunk.source, chunk)
                self.after.setdefault(chunk.source, set()).update(before)
                before.append(chunk.source)
        self._check()
        missing = {n for c in self.chunks.values() for n in c.annotated} - self.names - set(dir(builtins))
        if missing:
            raise RefusedError(f"where `{min(missing)}` in an annotation comes from is not in the document")

    def _check(self) -> None:
        bound: dict[str, str] = {}
        for source, chunk in self.chunks.items():
            for name in chunk.names:
                if chunk.is_import or bound.setdefault(name, source) == source:
                    continue
                together = source in self.after[bound[name]] or bound[name] in self.after[source]
                if not together:
                    raise RefusedError(f"two of its steps have different definitions of `{name}`")
        imports: dict[str, set[str]] = {}
        for chunk in self.chunks.values():
            if chunk.is_import:
                for name in chunk.names:
                    imports.setdefault(name, set()).add(chunk.source)
        for name, sources in imports.items():
            if len(sources) > 1 and not all(s.lstrip().startswith("import ") and "." in s for s in sources):
                raise RefusedError(f"two of its steps import different things as `{name}`")
            if name in bound:
                raise RefusedError(f"`{name}` is imported by one of its steps, and defined for another")

    @property
    def names(self) -> set[str]:
        """Everything that the definitions bind."""
        return {name for chunk in self.chunks.values() for name in chunk.names}

    def of(self, name: str) -> Chunk | None:
        """The definition of `name`."""
        return next((c for c in self.chunks.values() if name in c.names and not c.is_import), None)

    def put_before(self, function: str, other: str) -> None:
        """Let the definition of `function` come before that of `other`, whose decorator names it."""
        first, second = self.of(function), self.of(other)
        if first is not None and second is not None and second.source not in self.after[first.source]:
            self.after[second.source] |= {first.source, *self.after[first.source]} - {second.source}

    def ordered(self) -> list[Chunk]:
        """All definitions but imports, each after what it needs at once."""
        where = {name: source for source, chunk in self.chunks.items() for name in chunk.names}
        order: list[str] = []
        rest = {s: c for s, c in self.chunks.items() if not c.is_import}
        while rest:
            ready = next((s for s in rest if not self.after[s] & set(rest)), None)
            ready = ready or next((s for s, c in rest.items() if not self._needs(s, c, where) & set(rest)), None)
            if ready is None:
                raise RefusedError("its steps have the same definitions in different orders")
            order.append(ready)
            del rest[ready]
        return [self.chunks[source] for source in order]

    def _needs(self, source: str, chunk: Chunk, where: dict[str, str]) -> set[str]:
        """The definitions that `chunk` looks up when it is run; of plain statements all that stand before them."""
        if chunk.source.split("\n")[-1][:1] not in (" ", "") and not chunk.source.startswith(("def ", "class ")):
            return self.after[source]
        return {where[name] for name in chunk.promptly if name in where} - {source}

    def imports(self) -> list[str]:
        """The import statements."""
        return [chunk.source for chunk in self.chunks.values() if chunk.is_import]

    def late(self) -> bool:
        """Whether an annotation mentions what is not there yet, so that annotations must not be evaluated."""
        there = {n for c in self.chunks.values() if c.is_import for n in c.names} | set(dir(builtins))
        for chunk in self.ordered():
            if chunk.annotated - there:
                return True
            there |= set(chunk.names) - chunk.checked
        return False
