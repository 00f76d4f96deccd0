"""Comparisons as the expressions that the orchestrator evaluates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipec.backends.kfp.reading.dsl import kinds
from pipec.backends.kfp.reading.dsl.channels import Channel, Condition, prefixed
from pipec.backends.kfp.reading.dsl.problems import refused


def expression(conditions: Sequence[Condition]) -> str:
    """All of them at once."""
    return " && ".join(_comparison(one) for one in conditions)


def _comparison(condition: Condition) -> str:
    kinds_found = [_kind(side) for side in (condition.left, condition.right)]
    common = _common(set(kinds_found))
    left, right = (_operand(side, kind, common) for side, kind in zip((condition.left, condition.right), kinds_found))
    text = f"{left} {condition.operator} {right}"
    return f"!({text})" if condition.negated else text


def _kind(side: Any) -> str | None:
    if not isinstance(side, Channel):
        return kinds.parameter_type(type(side).__name__)
    kind = kinds.parameter_type(side.kind)
    if kind in ("STRUCT", "LIST", None):
        raise refused(f"a condition on `{side.full_name}`", "only texts, numbers and truth values can be compared")
    return kind


def _common(found: set[str | None]) -> str | None:
    if len(found) == 1:
        return next(iter(found))
    for kind in ("STRING", "BOOLEAN", "NUMBER_DOUBLE"):
        if kind in found:
            return kind
    return None


def _operand(side: Any, kind: str | None, common: str | None) -> str:
    if isinstance(side, Channel):
        text = f"inputs.parameter_values['{prefixed(side)}']"
        if kind == "NUMBER_INTEGER":
            text = f"int({text})"
    elif isinstance(side, str):
        text = f"'{side}'"
    elif isinstance(side, bool):
        text = str(side).lower()
    elif isinstance(side, (int, float)):
        text = str(side)
    else:
        raise refused("a condition", f"{side!r} cannot be compared with a value of the run")
    if kind == common:
        return text
    if common == "STRING":
        return f"'{text}'"
    if common == "BOOLEAN":
        if isinstance(side, Channel):
            raise refused(f"a condition on `{side.full_name}`", "a number cannot be compared with a truth value")
        return "true" if int(text) == 0 else "false"
    return f"double({text})"
