"""What a name of a pipeline body is bound to while the body is read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pipec.ir import VALUE, Code, Const, Expr, Ref, Span, Type, ValueId
from pipec.ir.literals import source_of


@dataclass(frozen=True)
class Operand:
    """A value as an expression, with its type."""

    expr: Expr
    type: Type = VALUE
    value: Any = None
    """The value itself, for a constant."""
    elements: tuple[Operand, ...] | None = None
    """The parts, where the expression is a tuple display."""
    producer: Span | None = None
    """The call that made it, for messages."""
    what: str = ""
    """How messages call it."""
    parameter: bool = False
    """A parameter of the pipeline that is built: a run gives it as a value, whatever its annotation."""
    call: str = ""
    """Id of the task, or of the group that returns a constant, whose whole result this is."""
    poison: bool = False
    """Stands for something that was already reported."""

    @property
    def is_const(self) -> bool:
        """Known at build time."""
        return isinstance(self.expr, Const)


def const(value: Any) -> Operand:
    """A constant operand."""
    return Operand(Const(source=source_of(value)), value=value)


def ref(value: ValueId, type_: Type, **more: Any) -> Operand:
    """A value as it is."""
    return Operand(Ref(value=value), type_, **more)


NONE = const(None)
POISON = replace(NONE, poison=True)


@dataclass(frozen=True)
class Unbound:
    """A name that some path has not bound."""

    reason: str
    where: Span | None = None


@dataclass(frozen=True)
class Carried:
    """A name that a loop body rebinds: before that, reading it would carry a value between iterations."""

    where: Span


@dataclass(frozen=True)
class Part:
    """What one statement adds to a collection that is being built."""

    operand: Operand
    many: bool = False
    """`operand` is a list of elements instead of one element."""
    clause: str = ""
    """For a list that is `[element for ...]`: the part from "for" on."""
    element: Operand | None = None
    """For such a list: the element."""


@dataclass(frozen=True)
class Growing:
    """A list or dict that was created empty and is being filled. Elements of a dict are pairs."""

    kind: str
    """"list" or "dict"."""
    parts: tuple[Part, ...] = ()
    open: bool = False
    """Inside the loop that fills it: it cannot be read."""
    made: tuple[int, int] = (0, 0)
    """Place of the display that created it: one object, however much it has grown since."""
    shared: str = ""
    """Where else the object was put: growing it further would change that too."""
    read: tuple[int, Operand] | None = None
    """How many of the parts a value holds that was made of them when the collection was read, and that value."""


@dataclass(frozen=True)
class Caught:
    """The exception of a handler: only its message can be read."""

    message: Operand


Binding = Operand | Unbound | Carried | Growing | Caught


@dataclass
class Scope:
    """The names of a pipeline body at one point, and a copy of them for each arm or loop body."""

    names: dict[str, Binding] = field(default_factory=dict)

    def copy(self) -> Scope:
        """An independent copy."""
        return Scope(dict(self.names))


class Namer:
    """Unique ids, as near to the wanted name as can be."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def exactly(self, name: str) -> str:
        """`name`, which nothing else is called from now on: a parameter is known by its name."""
        self._next.setdefault(name, 2)
        return name

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`, ..."""
        wanted = wanted.lstrip("_") or "value"
        wanted = f"x{wanted}" if wanted[0].isdigit() else wanted
        number = self._next.get(wanted)
        if number is None:
            self._next[wanted] = 2
            return wanted
        while True:
            name = f"{wanted}_{number}"
            number += 1
            if name not in self._next:
                self._next[wanted] = number
                self._next[name] = 2
                return name


def code(source: str, inputs: dict[str, ValueId], type_: Type = VALUE) -> Operand:
    """An operand that is computed at run time."""
    return Operand(Code(source=source, inputs=inputs, type=type_), type_)
