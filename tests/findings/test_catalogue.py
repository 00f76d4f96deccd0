"""Every finding is complete: code, name, family, and a page that explains it."""

from __future__ import annotations

import inspect
import re

import pytest

from pipec.compiler.diagnostics import Finding, catalogue


@pytest.mark.parametrize("kind", catalogue.everything(), ids=lambda kind: kind.code)
def test_is_complete(kind: type[Finding]) -> None:
    assert re.fullmatch(r"PC[1-9]\d\d", kind.code) and kind.code[2] in catalogue.FAMILIES
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.name)
    page = inspect.getdoc(kind) or ""
    first, blank, _ = page.partition("\n\n")
    assert first.endswith(".") and blank, "a sentence, and an empty line after it"
    assert page.count("Example:") == page.count("Use instead:") == 1
    assert page.index("Example:") < page.index("Use instead:")
    assert catalogue.find(kind.code) is catalogue.find(kind.name) is kind


def test_names_are_unique() -> None:
    names = [kind.name for kind in catalogue.everything()]
    assert len(set(names)) == len(names)
