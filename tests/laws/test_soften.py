"""A softened pipeline means what it meant with `try`: random modules, interpreted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipec.compiler import passes
from pipec.compiler.passes.soften import soften
from pipec.ir import Try
from pipec.ir.graph import walk
from tests.support.generator import LAWS, seeded
from tests.support.interpreter import interpret
from tests.support.oracle import as_read, imported

COUNT = 60


def outcome(run: Any) -> str:
    """The result of `run`, or that it fails: with what is another matter, since a `finally` part raises anew."""
    try:
        return repr(run())
    except Exception:  # the user's own error is the outcome
        return "failed"


def softened(source: str, folder: Path) -> bool:
    """Whether the module has a `try`; fails where softening changes what it does."""
    wanted = outcome(imported(source, folder).main)
    found, report = as_read(folder)
    neutral = passes.run(found, report)
    for stage, pipeline in (("read", found), ("neutral", neutral), ("softened", soften(neutral))):
        assert outcome(lambda p=pipeline: interpret(p, {})[0]) == wanted, f"{stage}:\n{source}"  # type: ignore[misc]
    assert not any(isinstance(node, Try) for node in walk(soften(neutral).body))
    return any(isinstance(node, Try) for node in walk(neutral.body))


def test_softening_changes_nothing(tmp_path: Path) -> None:
    tried = [softened(seeded(7, number, LAWS, 8), tmp_path) for number in range(COUNT)]
    assert sum(tried) > COUNT // 4, "the modules say something about `try`"


@pytest.mark.slow
def test_softening_changes_nothing_in_many_modules(tmp_path: Path) -> None:
    for number in range(1000):
        softened(seeded(8, number, LAWS, 10), tmp_path)
