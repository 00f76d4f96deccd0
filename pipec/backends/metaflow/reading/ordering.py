"""Order that no value says: which statements have to wait for others all the same."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading.model import (
    Body,
    Call,
    Choose,
    Gathered,
    Indexed,
    Item,
    Listed,
    Loop,
    Made,
    Merged,
    Note,
    Place,
    Statement,
    Together,
    Value,
    use,
)


def is_effect(one: Statement | Together | Note) -> bool:
    """Whether plain statement order already makes others wait for it."""
    match one:
        case Call():
            return not any(value.used for value in one.outputs.values())
        case Loop():
            return any(map(is_effect, one.body))
        case Choose():
            return one.otherwise or any(is_effect(inner) for _, arm in one.arms for inner in arm)
        case Together():
            return any(is_effect(inner) for branch in one.branches for inner in branch)
    return False


@dataclass
class _Walk:
    """One block of statements."""

    parallel: bool
    waits: dict[Statement, set[Statement]] = field(default_factory=dict)
    above: set[Statement] = field(default_factory=set)
    barrier: set[Statement] = field(default_factory=set)


class Ordering:
    """Adds `after` to the statements of a pipeline."""

    def __init__(self, glue: Container[str] = ()) -> None:
        self.glue = glue
        """Steps that are no tasks of the pipeline: others wait for what these wait for."""
        self.makers: dict[Statement, Statement] = {}
        """Statement -> the one that it stands in."""
        self.unnamed = False
        """Whether a statement should wait for what has no task that could be named."""
        self.lost: list[tuple[Statement, Statement]] = []
        """Statements that should wait for others, and cannot."""

    def order(self, body: Body) -> None:
        """For all blocks of the pipeline."""
        self._block(body, _Walk(False), [])

    def _block(self, body: Body, walk: _Walk, before: list[Statement]) -> list[Statement]:
        """Order the statements of one block; those that the next one has to wait for."""
        last = before
        for one in body:
            match one:
                case Note():
                    continue
                case Together():
                    last = self._together(one, walk, last)
                case Call() if one.step in self.glue:
                    walk.waits[one] = self._data(one, walk)
                case _:
                    self._statement(one, walk, last)
                    last = [one]
        return last

    def _together(self, one: Together, walk: _Walk, before: list[Statement]) -> list[Statement]:
        alone = is_effect(one) and not walk.parallel
        inner = _Walk(True) if alone else walk
        ends: list[Statement] = []
        for branch in one.branches:
            # A `with parallel()` that has effects waits for all above it.
            for end in self._block(branch, inner, [] if alone else before):
                if end not in ends:
                    ends.append(end)
        if not alone:
            return ends or before
        walk.above |= inner.above
        walk.barrier = set(walk.above)
        for each, waits in inner.waits.items():
            walk.waits[each] = waits | walk.barrier
        return ends or before

    def _statement(self, one: Statement, walk: _Walk, before: list[Statement]) -> None:
        match one:
            case Loop():
                for inner in one.body:
                    self._inside(inner, one)
                self._block(one.body, _Walk(False), [])
            case Choose():
                for _, arm in one.arms:
                    for inner in arm:
                        self._inside(inner, one)
                    self._block(arm, _Walk(False), [])
        waits = self._data(one, walk)
        effect = is_effect(one)
        if not walk.parallel:
            waits |= walk.above if effect else walk.barrier
        for earlier in before:
            if earlier not in waits and not self._reads(one, earlier):
                if one.place.loops:  # the language has no `after` in a loop
                    self.lost.append((one, earlier))
                    continue
                value = self._handle(earlier)
                if self.glue and value is not None and not self._is_task(value):
                    self.unnamed = True
                elif value is not None:
                    one.after.append(value)
                    use(value, one.place)
                    waits |= {earlier, *walk.waits.get(earlier, ())}
        walk.waits[one] = waits
        walk.above.add(one)
        if is_effect(one) and not walk.parallel:
            walk.barrier = set(walk.above)

    def _inside(self, one: Statement | Together | Note, owner: Statement) -> None:
        match one:
            case Together():
                for branch in one.branches:
                    for inner in branch:
                        self._inside(inner, owner)
            case Call() | Loop() | Choose():
                self.makers[one] = owner

    def _data(self, one: Statement, walk: _Walk) -> set[Statement]:
        values = one.arguments if isinstance(one, Call) else [one.over if isinstance(one, Loop) else one.condition]
        found: set[Statement] = set()
        for value in values:
            for maker in _makers(value):
                at: Statement | None = maker
                while at is not None and at not in walk.waits:
                    at = self.makers.get(at)
                if at is not None:
                    found |= {at, *walk.waits[at]}
        return found

    def _reads(self, one: Statement | Together | Note, earlier: Statement) -> bool:
        """Whether all tasks of a statement wait for `earlier` by what they read."""
        match one:
            case Call():
                return one.step in self.glue or earlier in self._sources(one)
            case Loop():
                return all(self._reads(inner, earlier) for inner in one.body)
            case Choose():
                return all(self._reads(inner, earlier) for _, arm in one.arms for inner in arm)
            case Together():
                return all(self._reads(inner, earlier) for branch in one.branches for inner in branch)
        return True

    def _is_task(self, value: Value) -> bool:
        """Whether a value is the result of a task, in each of its arms."""
        match value:
            case Made(call=Call() as call):
                return call.step not in self.glue
            case Gathered(inner=Value() as inner):
                return self._is_task(inner)
            case Merged():
                return all(arm is not None and self._is_task(arm) for arm in value.arms)
        return False

    def _sources(self, call: Call) -> set[Statement]:
        found: set[Statement] = set()
        todo = list(call.arguments)
        while todo:
            for maker in _makers(todo.pop()):
                if maker not in found:
                    found.add(maker)
                    if isinstance(maker, Call) and maker.step in self.glue:
                        todo += maker.arguments
        return found

    def _handle(self, one: Statement) -> Value | None:
        """A value that is there when a statement has ended."""
        match one:
            case Call():
                for name, made in one.outputs.items():
                    if made.used and name != "@error":
                        return made
                done = one.outputs.setdefault("@done", Made(f"{one.step}_done", one.place, call=one, artifact="@done"))
                return done
            case Loop():
                for gathered in one.gathered:
                    if gathered.used:
                        return gathered
                inner = self._last(one.body)
                if inner is None:
                    return None
                whole = Gathered(f"{inner.hint}_list", one.place, loop=one, inner=inner)
                one.gathered.append(whole)
                return whole
            case Choose():
                for merged in one.merged:
                    if merged.used:
                        return merged
                arms = [self._last(arm) for _, arm in one.arms]
                if not any(arms):
                    return one.condition if isinstance(one.condition, (Made, Gathered, Merged)) else None
                made_here = Merged(f"{one.name}_done", _end(one), choice=one, arms=arms)
                one.merged.append(made_here)
                return made_here
        return None

    def _last(self, body: Body) -> Value | None:
        for one in reversed(body):
            match one:
                case Call() | Loop() | Choose():
                    return self._handle(one)
                case Together():
                    return self._last([inner for branch in one.branches for inner in branch])
        return None


def _end(one: Choose) -> Place:
    return Place(one.ends[-1].at, one.place.arms, one.place.loops, one.place.forks)


def _makers(value: Value) -> list[Statement]:
    match value:
        case Made(call=Call() as call):
            return [call]
        case Gathered(loop=Loop() as loop):
            return [loop]
        case Item(loop=Loop() as loop):
            return [loop]
        case Merged(choice=Choose() as choice):
            return [choice]
        case Listed():
            return [maker for part in value.parts for maker in _makers(part)]
        case Indexed(of=Value() as of):
            return _makers(of)
    return []
