"""Names for the variables of a pipeline: those of the artifacts wherever two of them do not meet."""

from __future__ import annotations

import keyword
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading.model import (
    Body,
    Call,
    Choose,
    Gathered,
    Indexed,
    Known,
    Listed,
    Loop,
    Made,
    Merged,
    Place,
    Together,
    Value,
)


@dataclass(eq=False)
class _Group:
    """Values that share one variable."""

    values: list[Value] = field(default_factory=list)
    name: str = ""

    @property
    def first(self) -> int:
        return min(value.place.at for value in self.values)

    def defs(self) -> list[Place]:
        return [value.place for value in self.values]

    def uses(self) -> list[Place]:
        return [place for value in self.values for place in value.uses]


class Naming:
    """Names the used values of a pipeline."""

    def __init__(self, reserved: frozenset[str]) -> None:
        self.reserved = reserved
        self.groups: list[_Group] = []
        self.of: dict[Value, _Group] = {}
        self._order: list[Value] = []

    def name(self, body: Body) -> None:
        """Give each used value of `body` its variable."""
        self._collect(body)
        for value in self._order:
            self.of[value] = _Group([value])
        for value in self._order:
            if isinstance(value, Merged):
                self._unite(value)
        self.groups = sorted({id(g): g for g in self.of.values()}.values(), key=lambda g: g.first)
        contested = self._contested()
        done: list[_Group] = []
        for group in self.groups:
            for wished in self._wishes(group, group in contested):
                if wished in self.reserved or keyword.iskeyword(wished):
                    continue
                if not any(other.name == wished and _clash(group, other) for other in done):
                    group.name = wished
                    break
            done.append(group)
            for value in group.values:
                value.variable = group.name

    def _collect(self, body: Body) -> None:
        for one in body:
            match one:
                case Call():
                    self._order += [value for value in one.outputs.values() if value.used]
                case Loop():
                    self._order += [value for value in one.gathered if value.used]
                    self._order += [value for value in (one.item, one.index) if value is not None and value.used]
                    self._collect(one.body)
                case Choose():
                    for _, arm in one.arms:
                        self._collect(arm)
                    self._order += [value for value in one.merged if value.used]
                case Together():
                    for branch in one.branches:
                        self._collect(branch)

    def _unite(self, merged: Merged) -> None:
        """What the arms of a choice set has the name of what comes out of it."""
        own = self.of[merged]
        for arm in merged.arms:
            if not isinstance(arm, (Made, Gathered, Merged)) or arm not in self.of or self.of[arm] is own:
                continue
            inside = len(arm.place.arms) > len(merged.place.arms) and arm.place.loops == merged.place.loops
            other = self.of[arm]
            taken = any(isinstance(v, Merged) and v.choice is merged.choice for v in other.values)
            if inside and not taken:
                for value in other.values:
                    self.of[value] = own
                own.values += other.values

    def _contested(self) -> set[_Group]:
        """Groups of equal hints in sibling branches, none of which has more right to the name."""
        by_hint: dict[str, list[_Group]] = {}
        for group in self.groups:
            by_hint.setdefault(group.values[0].hint, []).append(group)
        found: set[_Group] = set()
        for several in by_hint.values():
            for n, one in enumerate(several[:50]):
                for other in several[n + 1 : 50]:
                    if _siblings(one, other) and _clash(one, other):
                        found |= {one, other}
        return found

    def _wishes(self, group: _Group, contested: bool) -> list[str]:
        value = group.values[0]
        hint = value.hint
        longer = []
        if isinstance(value, Made) and value.call is not None and value.call.step != hint:
            longer.append(f"{value.call.step}_{hint}")
        if isinstance(value, Gathered) and isinstance(value.inner, Made) and value.inner.call is not None:
            longer.append(f"{value.inner.call.step}_{hint}")
        loops = value.place.loops
        if loops and isinstance(value, Made) and loops[-1].item is not None:
            longer.insert(0, f"{loops[-1].item.variable or loops[-1].item.hint}_{hint}")
        numbered = [f"{hint}_{n}" for n in range(2, len(self.groups) + len(self.reserved) + 3)]
        return [*longer, hint, *numbered] if contested else [hint, *longer, *numbered]


def _siblings(one: _Group, other: _Group) -> bool:
    mine, theirs = dict(one.values[0].place.forks), dict(other.values[0].place.forks)
    return any(mine[key] != theirs[key] for key in mine.keys() & theirs.keys())


def _exclusive(one: Place, other: Place) -> bool:
    """Whether two places stand in different arms of one choice."""
    mine, theirs = dict(one.arms), dict(other.arms)
    return any(mine[key] != theirs[key] for key in mine.keys() & theirs.keys())


def _clash(one: _Group, other: _Group) -> bool:
    """Whether two groups may not have the same name."""
    return _covered(one, other) or _covered(other, one) or _across(one, other) or _across(other, one)


def _across(outer: _Group, inner: _Group) -> bool:
    """A loop may not bind a name that was bound before it."""
    for there in inner.defs():
        for here in outer.defs():
            if here.at <= there.at and any(loop not in here.loops for loop in there.loops):
                return True
    return False


def _covered(one: _Group, other: _Group) -> bool:
    """Whether a definition of `other` comes between one of `one` and its use."""
    first = one.first
    return any(
        first <= there.at < use.at and not _exclusive(there, use) for there in other.defs() for use in one.uses()
    )


def source(value: Value) -> str:
    """The expression that a value is in the pipeline's body."""
    match value:
        case Known():
            return value.source
        case Listed():
            return f"[{', '.join(map(source, value.parts))}]"
        case Indexed(of=Value() as of):
            return f"{source(of)}[{value.index}]"
    return value.variable
