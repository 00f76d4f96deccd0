"""Operands: what may stand as an argument, a condition, the items of a loop or a result.

Expressions keep Python's meaning by staying Python: `Code` holds the text of one pure expression whose free names are
bound to IR values. Targets with another expression language translate the few forms that they know from the text.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from pipec.ir.base import Node
from pipec.ir.types import VALUE, Type

ValueId: TypeAlias = str
"""Name of a value. Unique in the pipeline, a Python identifier, and the user's own name wherever that is free."""


class Const(Node):
    """A constant, known at build time."""

    kind: Literal["const"] = "const"
    source: str
    """Canonical Python literal: `repr` of the value, `float("nan")`, `float("inf")`, `set()` or `-float("inf")` where
    `repr` is no expression. Evaluate with `pipec.ir.literals.value_of`."""


class Ref(Node):
    """A value as it is."""

    kind: Literal["ref"] = "ref"
    value: ValueId


class Code(Node):
    """A pure Python expression, evaluated at run time."""

    kind: Literal["code"] = "code"
    source: str
    """One expression on one logical line; its free names are the keys of `inputs` and pure builtins."""
    inputs: dict[str, ValueId] = {}
    """Free name -> value, in order of first use. Passes keep name == value id wherever possible."""
    type: Type = VALUE
    """What it gives: an artifact type where it picks from, or builds, a collection of artifacts."""


class Address(Node):
    """Where a file or folder artifact lies in the target's store, as a `str`: `uri_of(x)`.

    Read by arguments of tasks only, and by the computations that a backend makes of them.
    """

    kind: Literal["address"] = "address"
    value: ValueId


Expr = Annotated[Const | Ref | Code | Address, Field(discriminator="kind")]


def uses(expr: Const | Ref | Code | Address | None) -> tuple[ValueId, ...]:
    """The values that `expr` reads, in order of first use, each once."""
    match expr:
        case Ref() | Address():
            return (expr.value,)
        case Code():
            return tuple(dict.fromkeys(expr.inputs.values()))
        case _:
            return ()


def text(expr: Const | Ref | Code | Address) -> str:
    """`expr` as Python source in terms of its own names."""
    match expr:
        case Ref():
            return expr.value
        case Address():
            return f"uri_of({expr.value})"
        case _:
            return expr.source
