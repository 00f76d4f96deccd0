"""Values that say what they are: the artifacts by which the server's user interface shows them."""

from __future__ import annotations

from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import quoted, schema_title
from pipec.ir import Type, ValueId, ValueType


def show(glue: Glue, key: str, value: ValueId, type_: Type, source: str, hint: str) -> None:
    """Show the value of `source`, which travels as the parameter `key`, by an artifact of its own."""
    if isinstance(type_, ValueType) and type_.metrics:
        shown = glue.give(f"{key}-metrics", "artifact", value, "system.Metrics")
        glue.lines.append(f"kfp_metrics(task, {quoted(shown)}, {source})")
    elif isinstance(type_, ValueType) and type_.classification:
        shown = glue.give(f"{key}-metrics", "artifact", value, schema_title(type_))
        glue.lines.append(f"kfp_store(task, {quoted(shown)}, {source}, kfp_json)")
        show_stored(glue, shown, type_, source, hint)


def show_stored(glue: Glue, key: str, type_: Type, source: str, hint: str) -> None:
    """Show the value of `source`, which travels as the artifact `key`."""
    if isinstance(type_, ValueType) and type_.classification:
        glue.lines.append(f"kfp_classification(task, {quoted(key)}, {source}, {quoted(hint)})")
