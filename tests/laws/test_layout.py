"""Statements that are laid out over several lines mean what they meant on one."""

from __future__ import annotations

import ast

import pytest

from pipec.compiler.pysource.layout import WIDTH, fitted

LONG = "a_name_of_some_thirty_columns_"


@pytest.mark.parametrize(
    "text",
    [
        f"x = ([m for m in (self.{LONG}, self.{LONG}) if m is not None] or [None])[0]",
        f"x = ([m for m in (self.{LONG}, self.{LONG}) if m is not None] or [self.n])[0]",
        f"x = self.{LONG}[self.{LONG} + self.{LONG} + number]",
        f"x = 1 + (self.{LONG} or self.{LONG} or {LONG} or n)",
        f"x = function(self.{LONG}, self.{LONG}, {LONG}, number)",
        f"x = [self.{LONG}, self.{LONG}, {LONG}, number_of_all]",
        f"x = (self.{LONG}, self.{LONG} + {LONG} + number, 1)",
    ],
)
def test_meaning_is_kept(text: str) -> None:
    lines = fitted(text, 0)
    assert len(lines) > 1 and all(len(line) <= WIDTH for line in lines), lines
    assert ast.dump(ast.parse("\n".join(lines))) == ast.dump(ast.parse(text))
