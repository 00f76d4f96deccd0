"""What stands between the graph of a flow and the text of its pipeline: values, and the statements that make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Place:
    """Where in the pipeline's body something stands."""

    at: int
    """Counts up, in the order of the text."""
    arms: tuple[tuple[int, int], ...] = ()
    """The choices that it stands in, and in which arm of each."""
    loops: tuple[Loop, ...] = ()
    forks: tuple[tuple[int, int], ...] = ()
    """The forks that it stands in, and in which branch of each."""


@dataclass(eq=False)
class Value:
    """Something that an artifact of the flow is at some point."""

    hint: str
    """The name that its variable should have."""
    place: Place
    uses: list[Place] = field(default_factory=list)
    variable: str = ""

    @property
    def used(self) -> bool:
        """Whether anything needs it."""
        return bool(self.uses)


@dataclass(eq=False)
class Known(Value):
    """A parameter of the pipeline, a constant, or an expression of the language."""

    source: str = ""


@dataclass(eq=False)
class Made(Value):
    """A result of a call."""

    call: Call | None = None
    artifact: str = ""


@dataclass(eq=False)
class Item(Value):
    """The variable of a loop."""

    loop: Loop | None = None


@dataclass(eq=False)
class Gathered(Value):
    """The list of what a value is in each round of a loop."""

    loop: Loop | None = None
    inner: Value | None = None


@dataclass(eq=False)
class Merged(Value):
    """What a value is after a choice: one for each arm; `None` where an arm does not set it."""

    choice: Choose | None = None
    arms: list[Value | None] = field(default_factory=list)


@dataclass(eq=False)
class Listed(Value):
    """A list of values."""

    parts: list[Value] = field(default_factory=list)


@dataclass(eq=False)
class Indexed(Value):
    """One of a list."""

    of: Value | None = None
    index: int = 0


@dataclass(eq=False)
class Note:
    """A comment."""

    text: str


@dataclass(eq=False)
class Call:
    """One call of a step's function."""

    step: str
    place: Place
    arguments: list[Value] = field(default_factory=list)
    outputs: dict[str, Made] = field(default_factory=dict)
    """Artifact -> result. `@done` is a result that only says that the call has ended, `@error` what a `try` caught."""
    caught: str | None = None
    """The variable of `@catch`; "" where it has none."""
    fallbacks: dict[str, Value] = field(default_factory=dict)
    """What artifacts are when the call fails and is caught."""
    before: list[Statement] = field(default_factory=list)
    after: list[Value] = field(default_factory=list)


@dataclass(eq=False)
class Loop:
    """A loop over the items of a foreach."""

    place: Place
    over: Value
    item: Item | None = None
    index: Item | None = None
    body: Body = field(default_factory=list)
    end: Place | None = None
    gathered: list[Gathered] = field(default_factory=list)
    before: list[Statement] = field(default_factory=list)
    after: list[Value] = field(default_factory=list)


@dataclass(eq=False)
class Choose:
    """A choice between blocks."""

    place: Place
    condition: Value
    arms: list[tuple[tuple[object, ...], Body]] = field(default_factory=list)
    ends: list[Place] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    otherwise: bool = True
    """Whether the value may be none of the cases."""
    before: list[Statement] = field(default_factory=list)
    after: list[Value] = field(default_factory=list)
    name: str = ""


@dataclass(eq=False)
class Together:
    """Branches side by side."""

    branches: list[Body] = field(default_factory=list)


Statement: TypeAlias = "Call | Loop | Choose"
Body: TypeAlias = "list[Call | Loop | Choose | Together | Note]"


def use(value: Value, place: Place) -> None:
    """Something at `place` needs `value`."""
    if isinstance(value, Indexed):
        assert value.of is not None
        use(value.of, place)
        return
    if isinstance(value, Listed):
        for part in value.parts:
            use(part, place)
        return
    first = not value.uses
    value.uses.append(place)
    if not first:
        return
    if isinstance(value, Merged):
        assert value.choice is not None
        for arm, end in zip(value.arms, value.choice.ends):
            if arm is not None:
                use(arm, end)
    elif isinstance(value, Gathered):
        assert value.loop is not None and value.inner is not None and value.loop.end is not None
        use(value.inner, value.loop.end)
