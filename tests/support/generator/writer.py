"""The text of one pipeline body while it is written, and what its names are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.support.generator.choice import Choice
from tests.support.generator.names import HARD
from tests.support.generator.prelude import HOSTILE
from tests.support.generator.tables import ARTIFACTS, CALLS, EXPRESSIONS, FAILING, FEATURE, KINDS, Table

Scope = dict[str, list[str]]
OPERAND = re.compile(r"\{([a-z])(\*?)\}")
FALLBACK = {
    "l": ("[1, 2]", "[]", "[7]"), "b": ("True", "False"), "s": ('"a"', '""'), "f": ("0.5", "float('inf')"), "m": ("None", "3"), "d": ("{}", '{"k0": 1}'),
    "o": ("box({c})",), "a": ("boxes({c})",), "n": ("perhaps_box({c})", "None"), "p": ("write({c})",), "v": HOSTILE,
}  # fmt: skip
"""What stands for an operand where no name does."""


@dataclass(frozen=True)
class Place:
    """Where a statement stands."""

    indent: int = 1
    depth: int = 0
    loop: bool = False
    parallel: bool = False
    guarded: bool = False
    """Inside a `try`."""

    def inside(self, **changes: bool) -> Place:
        """One block deeper."""
        return replace(self, indent=self.indent + 1, depth=self.depth + 1, **changes)


@dataclass
class Writer:
    """Writes one body."""

    choice: Choice
    features: frozenset[str]
    budget: int
    scope: Scope
    groups: dict[str, list[str]] = field(default_factory=dict)
    """Kind -> calls of random groups, as templates."""
    main: bool = True
    """Whether this is no group."""
    lines: list[str] = field(default_factory=list)
    counter: int = 0
    used: set[str] = field(default_factory=set)
    """Every name that there has been."""
    fixed: frozenset[str] = frozenset()
    """Names that must not be bound: those of outside a loop, since that would carry a value, or of outside a `try`."""

    def has(self, feature: str) -> bool:
        """Whether a feature is switched on; "" always is."""
        return not feature or feature in self.features

    def kinds(self, among: str = KINDS) -> list[str]:
        """The kinds that are switched on."""
        return [k for k in among if self.has(FEATURE.get(k, ""))]

    def emit(self, place: Place, line: str) -> None:
        """Write a line."""
        self.lines.append("    " * place.indent + line)

    def number(self) -> int:
        """A number for a name, each time another one."""
        self.counter += 1
        return self.counter

    def fresh(self, kind: str) -> str:
        """A name to bind: a new one, or one that may be bound again."""
        again = [n for n in self.scope[kind] if n not in self.fixed and n not in PARAMETERS]
        if again and self.choice.one_in(6):
            return self.choice.pick(again)
        hard = [n for n in HARD if n not in self.used] if self.has("names") else []
        name = self.choice.pick(hard) if hard and self.choice.one_in(3) else f"{kind}{self.number()}"
        self.used.add(name)
        return name

    def bind(self, kind: str, name: str) -> None:
        """From here on `name` is of that kind."""
        for names in self.scope.values():
            if name in names:
                names.remove(name)
        self.scope[kind].append(name)

    def template(self, kind: str, *tables: Table) -> str:
        """A template for a value of that kind."""
        found: list[str] = []
        for table in tables:
            own = [t for feature, ts in table.get(kind, {}).items() if self.has(feature) for t in ts]
            found += [t for t in own if self._possible(t, bare=table is EXPRESSIONS)]
        if CALLS in tables:
            found += self.groups.get(kind, []) * 3
            if self.has("failures") and self.choice.one_in(25):
                found = [t for t in FAILING.get(kind, ()) if self._possible(t)] or found
        return self.choice.pick(found or FALLBACK.get(kind, ("{c}",)))

    def _possible(self, template: str, bare: bool = False) -> bool:
        """Whether there are operands; `bare`: without calling a step, which not every expression may."""
        kinds = [kind for kind, _ in OPERAND.findall(template)]
        return all(self.has(FEATURE.get(k, "")) and not (bare and k in ARTIFACTS and not self.scope[k]) for k in kinds)

    def fill(self, template: str) -> str:
        """`template` with operands."""
        number = self.number()
        same: dict[str, str] = {}

        def operand(match: re.Match[str]) -> str:
            if not match[2]:
                return _doubled(self.operand(match[1]))  # so that its braces survive the last step
            if match[1] not in same:
                same[match[1]] = _doubled(self.operand(match[1]))
            return same[match[1]]

        out = template.replace("{v1}", f"v{number}").replace("{w1}", f"w{number}")
        return OPERAND.sub(operand, out).replace("{{", "{").replace("}}", "}")

    def value(self, kind: str, *tables: Table) -> str:
        """A new value of that kind; a call or an expression unless told."""
        return self.fill(self.template(kind, *(tables or (CALLS, EXPRESSIONS))))

    def operand(self, kind: str) -> str:
        """A name or a constant."""
        known = self.scope.get(kind, [])
        if known and (kind in ARTIFACTS or not self.choice.one_in(8)):
            return self.choice.pick(known[-4:] if self.choice.one_in(2) else known)
        if kind in "ic":
            return str(self.choice.between(-3, 9) if kind == "i" else self.choice.between(0, 7))
        text = self.choice.pick(FALLBACK[kind])
        return text.replace("{c}", str(self.choice.between(0, 7)))

    @contextmanager
    def inner(self, *, fixed: bool = False) -> Iterator[None]:
        """A block of its own: the scope before it is back afterwards. `fixed`: its names are not bound anew in it."""
        before, outside = self.scope, self.fixed
        self.scope = {kind: list(names) for kind, names in before.items()}
        if fixed:
            self.fixed = self.fixed | {n for names in before.values() for n in names} | self.used
        try:
            yield
        finally:
            self.scope, self.fixed = before, outside


PARAMETERS = ("n", "xs", "flag", "word", "odd", "lookup", "folder")


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def empty() -> Scope:
    """A scope without names."""
    return {kind: [] for kind in KINDS}
