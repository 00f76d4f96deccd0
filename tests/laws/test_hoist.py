"""Loops taken out of the arms of branches inside loops: the pipeline means what it meant."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.passes.hoist import hoisted
from pipec.compiler.passes.soften import soften
from pipec.compiler.site import Site
from pipec.ir import Block, Branch, ForEach, Pipeline
from pipec.ir.graph import blocks
from tests.laws.test_soften import outcome
from tests.support.generator import LAWS, seeded
from tests.support.interpreter import interpret

COUNT = 80


def awkward(block: Block, looped: bool = False, armed: bool = False) -> int:
    """How many loops stand in an arm of a branch inside a loop."""
    found = 0
    for node in block.nodes:
        found += isinstance(node, ForEach) and armed
        inside = looped or isinstance(node, ForEach)
        found += sum(awkward(b, inside, inside and (armed or isinstance(node, Branch))) for b in blocks(node))
    return found


def judged(source: str, folder: Path) -> int:
    """How many loops were taken out; fails where that changes what the module does."""
    file = folder / "random_pipeline.py"
    file.write_text(source, encoding="utf-8")
    module = ModuleType("random_pipeline")
    sys.modules["random_pipeline"] = module
    exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102  # plain Python is the oracle
    report = Report()
    found = read(file, root=folder, site=Site(), report=report, pipeline="main")
    assert found, [(f.span.line, f.message) for f in report if f.severity == "error"]
    soft: Pipeline = soften(passes.run(found[0], report))
    changed = hoisted(soft)
    assert awkward(changed.body) == 0
    assert outcome(lambda: interpret(changed, {})[0]) == outcome(module.main), source
    return awkward(soft.body)


def test_taking_loops_out_changes_nothing(tmp_path: Path) -> None:
    taken = [judged(seeded(5, number, LAWS, 12), tmp_path) for number in range(COUNT)]
    assert sum(taken) > COUNT // 10, "the modules have such loops"


@pytest.mark.slow
def test_taking_loops_out_changes_nothing_in_many_modules(tmp_path: Path) -> None:
    for number in range(1000):
        judged(seeded(6, number, LAWS, 12), tmp_path)
