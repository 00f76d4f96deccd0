"""Steps while they are being put together: what each does, and where it goes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pipec.ir import Check, Collect, Expr, ForEach, Task, Type, ValueId, Wait


@dataclass(frozen=True)
class Call:
    """Call the user's function, and keep what is read of its result."""

    task: Task


@dataclass(frozen=True)
class Assign:
    """Set an artifact to the value of an expression."""

    id: ValueId
    expr: Expr
    type: Type
    wrap: Literal["", "list", "bool"] = ""
    local: bool = False
    """Nothing outside of the step reads it."""


@dataclass(frozen=True)
class Bind:
    """Give the item of a foreach its names."""

    loop: ForEach


@dataclass(frozen=True)
class Gather:
    """Collect values of the tasks of a foreach into lists."""

    outputs: tuple[Collect, ...]
    sort: bool = False
    """Metaflow hands the tasks over in the order in which they ended."""


@dataclass(frozen=True)
class Raise:
    """Fail unless the condition of a check is true."""

    check: Check


@dataclass(frozen=True)
class Look:
    """Wait until something is there."""

    wait: Wait


@dataclass(frozen=True)
class OfRun:
    """Set an artifact to what is known of the run as it starts."""

    id: ValueId
    what: Literal["name", "date"]


Action = Call | Assign | Bind | Gather | Raise | Look | OfRun


@dataclass(eq=False)
class Draft:
    """One step."""

    name: str
    doc: str
    task: Task | None = None
    join: bool = False
    foreach_join: bool = False
    actions: list[Action] = field(default_factory=list)
    kind: Literal["end", "next", "foreach", "switch"] = "end"
    targets: list[Draft] = field(default_factory=list)
    """The steps after it; of a switch: where it is true, then where it is false."""
    over: str = ""
    """Value that the foreach runs over, or that the switch looks at."""
    loop: ForEach | None = None
    """The loop that the foreach is."""
    caught: ValueId | None = None
    """The step catches its own failure; the value that is its message."""


@dataclass(frozen=True)
class Asked:
    """What the steps and the artifact of a branch are called."""

    step: str
    doc: str
    value: str
    then: str
    """The step of an arm in which nothing runs."""
    orelse: str


Mode = Literal["step", "branch", "each", "true", "false", "merge", "join"]


@dataclass(frozen=True)
class Open:
    """Where the next step attaches."""

    ends: tuple[Draft, ...]
    mode: Mode = "step"
    """"step": one step without a next; "branch": one of the targets of a split; "each": the target of a foreach;
    "true" and "false": an arm of a switch; "merge": several steps of which one runs; "join": several that all run."""

    @property
    def end(self) -> Draft:
        """The one step."""
        assert len(self.ends) == 1
        return self.ends[0]
