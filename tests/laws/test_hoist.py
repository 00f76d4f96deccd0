"""Loops taken out of the arms of branches inside loops: the pipeline means what it meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec.compiler import passes
from pipec.compiler.passes.hoist import hoisted
from pipec.compiler.passes.soften import soften
from pipec.ir import Block, Branch, ForEach
from pipec.ir.graph import blocks
from tests.laws.test_soften import outcome
from tests.support.generator import LAWS, seeded
from tests.support.interpreter import interpret
from tests.support.oracle import as_read, imported

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
    module = imported(source, folder)
    soft = soften(passes.run(*as_read(folder)))
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
