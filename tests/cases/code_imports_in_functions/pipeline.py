"""Imports inside functions, `try`-imports, and imports that only type checkers see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec import pipeline, step

if TYPE_CHECKING:
    from nowhere import Table

try:
    import a_module_that_is_not_there as fast
except ImportError as error:
    fast, why = None, type(error).__name__


def parse(text: str) -> list[int]:
    import json

    return list(json.loads(text))


@step
def load(text: str) -> list[int]:
    from itertools import accumulate

    return list(accumulate(parse(text)))


@step
def engine(rows: list[int]) -> str:
    return f"{'slow' if fast is None else 'fast'} {sum(rows)} {why}"


def untyped(rows: Table) -> Table:
    return rows


@pipeline
def code_imports_in_functions(text: str = "[1, 2, 3]") -> str:
    return engine(load(text))
