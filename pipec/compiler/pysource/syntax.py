"""Python text as its own compiler takes it."""

from __future__ import annotations

import ast
import warnings


def parsed(text: str, file: str = "<source>") -> ast.Module:
    """The tree of a module. Raises `SyntaxError`, `ValueError`, `RecursionError` or `MemoryError` for what is none.

    The grammar alone takes more than Python does, such as a `return` outside of a function: that is found when code
    is made of it, which runs nothing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those about the code that is read are for who runs it
        tree = ast.parse(text, filename=file)
        compile(text, file, "exec", dont_inherit=True)
    return tree
