"""Settings that only the run knows: which features they use, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipec.ir.base import Span
    from pipec.ir.nodes import Task

PARTS = {"gpu.name": "gpu.name"}
"""A part of a setting that is a feature of its own."""


def features_of_arguments(task: Task) -> Iterator[tuple[str, Span, str]]:
    """Feature, place and subject: each setting itself, and that an argument is one."""
    for part in task.policy.arguments:
        setting = part.partition(".")[0]
        place = task.policy.spans.get(setting, task.span)
        yield PARTS.get(part, setting), place, task.site.step
        yield "argument", place, f"{setting} of {task.site.step}"


def is_argument(value: object) -> str:
    """The parameter that stands in the place of a native setting; "" where something else does."""
    if isinstance(value, dict) and value.keys() == {"argument"}:
        return str(value["argument"])
    return ""
