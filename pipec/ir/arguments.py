"""Settings that only the run knows: which features they use, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipec.ir.base import Span
    from pipec.ir.nodes import Task

PARTS = {"gpu.name": "gpu.name"}
"""A part of a setting that is a feature of its own."""


def features_of_arguments(task: Task) -> Iterator[tuple[str, Span, str, str]]:
    """Feature, place, subject and the only target, if any: each setting itself, and that an argument is one."""
    for part in task.policy.arguments:
        setting, _, rest = part.partition(".")
        target = rest.partition(".")[0] if setting == "targets" else ""
        place = task.policy.spans.get(setting, task.span)
        yield PARTS.get(part, setting), place, task.site.step, target
        yield "argument", place, f"{setting} of {task.site.step}", target


def is_argument(value: object) -> str:
    """The parameter that stands in the place of a native setting; "" where something else does."""
    if isinstance(value, dict) and value.keys() == {"argument"}:
        return str(value["argument"])
    return ""
