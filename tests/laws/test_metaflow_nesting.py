"""Nesting costs little on Metaflow: the critical path hardly grows, and too many paths are warned about."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec.backends.metaflow import MetaflowBackend
from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.site import Site
from tests.fuzz.nesting import Shape, shape
from tests.support.generator import LANGUAGE, graphs, seeded

SEED = 2026


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> list[Shape]:
    """A hundred flows: of crossing graphs, and of the whole language."""
    folder = tmp_path_factory.mktemp("shapes")
    sources = [*(graphs(SEED, n) for n in range(60)), *(seeded(SEED, n, LANGUAGE, 8) for n in range(40))]
    return [made for source in sources if (made := shape(source, Path(folder))) is not None]


@pytest.mark.orchestrator
def test_the_critical_path_is_within_a_tenth_on_average(shapes: list[Shape]) -> None:
    """With equally long tasks, against the graph of what needs what, without any nesting."""
    assert len(shapes) == 100
    assert all(one.nested >= one.source for one in shapes)
    assert sum(one.ratio for one in shapes) / len(shapes) <= 1.1


@pytest.mark.orchestrator
def test_too_many_paths_are_warned_about(shapes: list[Shape]) -> None:
    assert [one for one in shapes if one.paths > 4000 and not one.warned] == []


def forks(count: int) -> str:
    """A module with that many forks of two in a row."""
    lines = [
        f"    a{i}, b{i} = add(a{i - 1}, 1), add(a{i - 1}, 2)\n    a{i} = add(a{i}, b{i})" for i in range(1, count + 1)
    ]
    head = "from pipec import pipeline, step\n\n\n@step\ndef add(a: int, b: int) -> int:\n    return a + b\n\n\n"
    return head + "@pipeline\ndef main(a0: int = 1):\n" + "\n".join(lines) + f"\n    return a{count}\n"


@pytest.mark.orchestrator
def test_a_graph_with_too_many_paths_says_so(tmp_path: Path) -> None:
    """Thirteen forks of two in a row are 8,192 paths."""
    made = shape(forks(13), tmp_path)
    assert made is not None and made.paths > 4000 and made.warned


def test_a_graph_whose_paths_nobody_can_wait_for_is_refused(tmp_path: Path) -> None:
    """Seventeen are 131,072, which Metaflow's validator follows for minutes in each task."""
    file = tmp_path / "module.py"
    file.write_text(forks(17), encoding="utf-8")
    report = Report()
    (pipeline,) = read(file, root=tmp_path, site=Site(), report=report)
    assert MetaflowBackend().build(passes.run(pipeline, report), Site(), report) is None
    assert [f.code for f in report if f.severity == "error"] == ["PC408"]
