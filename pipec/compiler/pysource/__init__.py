"""LibCST helpers shared by the frontend and the readers. LibCST is imported when text is changed: most never is."""

from __future__ import annotations

from collections.abc import Mapping


def rename_free(source: str, names: Mapping[str, str]) -> str:
    """The expression `source` with each free name replaced by the expression that `names` gives for it."""
    wanted = {old: new for old, new in names.items() if old != new}
    if not wanted:
        return source
    from pipec.compiler.pysource.rename import renamed_expression

    return renamed_expression(source, wanted)


def rename_globals(source: str, names: Mapping[str, str]) -> str:
    """Top-level statements with module-level names replaced: "clean" or a dotted "features.clean" -> an expression.

    Local variables, parameters, attributes and keywords of the same name are left alone.
    """
    from pipec.compiler.pysource.rename import renamed_module

    return renamed_module(source, names)
