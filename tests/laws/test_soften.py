"""A softened pipeline means what it meant with `try`: random modules, interpreted."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.passes.soften import soften
from pipec.compiler.site import Site
from pipec.ir import Try
from pipec.ir.graph import walk
from tests.support.generator import LAWS, seeded
from tests.support.interpreter import interpret

COUNT = 60


def outcome(run: Any) -> str:
    """The result of `run`, or that it fails: with what is another matter, since a `finally` part raises anew."""
    try:
        return repr(run())
    except Exception:  # the user's own error is the outcome
        return "failed"


def softened(source: str, folder: Path) -> bool:
    """Whether the module has a `try`; fails where softening changes what it does."""
    file = folder / "random_pipeline.py"
    file.write_text(source, encoding="utf-8")
    module = ModuleType("random_pipeline")
    sys.modules["random_pipeline"] = module
    exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102  # plain Python is the oracle
    wanted = outcome(module.main)
    report = Report()
    found = read(file, root=folder, site=Site(), report=report, pipeline="main")
    assert found, [(f.span.line, f.message) for f in report if f.severity == "error"]
    neutral = passes.run(found[0], report)
    for stage, pipeline in (("read", found[0]), ("neutral", neutral), ("softened", soften(neutral))):
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
