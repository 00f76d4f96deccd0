"""What the decompiler does not know ends its reading."""

from __future__ import annotations

import ast


class Unknown(Exception):
    """A form of generated code that is not understood; never shown as such."""

    def __init__(self, node: ast.AST | None, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason
