"""Any graph of order without data has exactly its edges where a target has edges, and their order where it has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from pipec.backends import get
from pipec.backends.airflow.compile import compiled
from pipec.backends.metaflow.emit import text
from pipec.backends.metaflow.lower import lower
from pipec.compiler import passes
from pipec.compiler.site import Site
from tests.support import small_metaflow
from tests.support.oracle import NAME, as_read

Graph = list[dict[int, bool]]
"""For each task: the tasks before it that it waits for, and whether it takes their results."""


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A graph of up to nine tasks."""
    size = draw(st.integers(2, 9))
    return [draw(st.dictionaries(st.integers(0, n - 1), st.booleans(), max_size=4)) if n else {} for n in range(size)]


def module(graph: Graph) -> str:
    """The graph as a pipeline, one `with parallel(after=...)` for each task that waits without data."""
    lines = ["from pipec import parallel, pipeline, step", "", "", "@step", "def work(*before: int) -> int:"]
    lines += ["    return len(before)", "", "", "@pipeline", "def main() -> None:", "    with parallel():"]
    for n, before in enumerate(graph):
        data = [f"t{b}" for b, taken in sorted(before.items()) if taken]
        order = [f"t{b}" for b, taken in sorted(before.items()) if not taken]
        call = f"t{n} = work({', '.join(data)})"
        lines += [f"        with parallel(after=({', '.join(order)},)):", f"            {call}"] if order else []
        lines += [] if order else [f"        {call}"]
    return "\n".join(lines) + "\n"


def airflow_edges(pipeline: Any) -> set[tuple[str, str]]:
    """Upstream and downstream task of every edge of the DAG."""
    nodes = compiled(pipeline, Site()).lowering.nodes
    return {(upstream.id, node.id) for node in nodes for upstream in node.upstream}


def kfp_edges(pipeline: Any, report: Any) -> set[tuple[str, str]]:
    """The same of a compiled Kubeflow pipeline."""
    bundle = get("kfp").build(pipeline, Site(), report)
    assert bundle is not None
    document = next(yaml.safe_load_all(bundle.files[bundle.main]))
    tasks = document["root"]["dag"]["tasks"]
    return {(b, name) for name, task in tasks.items() for b in task.get("dependentTasks", ())}


@seed(2026)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(graphs())
def test_edges_are_those_of_the_graph(tmp_path_factory: Any, graph: Graph) -> None:
    folder: Path = tmp_path_factory.mktemp("order")
    (folder / f"{NAME}.py").write_text(module(graph), encoding="utf-8")
    found, report = as_read(folder)
    pipeline = passes.run(found, report)
    ids = ["work", *(f"work_{n + 1}" for n in range(1, len(graph)))]
    wanted = {(ids[b], ids[n]) for n, before in enumerate(graph) for b in before}
    assert airflow_edges(pipeline) == wanted
    assert {(a.replace("-", "_"), b.replace("-", "_")) for a, b in kfp_edges(pipeline, report)} == wanted
    lowered = lower(pipeline, Site(), report)
    _, ran = small_metaflow.run(text(lowered.flow))
    order = [lowered.tasks[name] for name, _ in ran if name in lowered.tasks]
    assert all(order.index(b) < order.index(n) for b, n in wanted)


BELOW_AN_EFFECT = """
from pipec import parallel, pipeline, step


@step
def note(n: int) -> None:
    ...


@step
def work(n: int) -> int:
    return n


@pipeline
def main() -> None:
    note(1)
    first = work(1)
    with parallel():
        second = work(first)
        third = work(3)
"""


def test_every_child_waits_for_an_effect_above(tmp_path: Path) -> None:
    """Also one that reads nothing of what stands between."""
    (tmp_path / f"{NAME}.py").write_text(BELOW_AN_EFFECT, encoding="utf-8")
    found, report = as_read(tmp_path)
    pipeline = passes.run(found, report)
    assert {("note", "work"), ("note", "work-3"), ("work", "work-2")} <= kfp_edges(pipeline, report)
    assert {("note", "work"), ("note", "work_3"), ("work", "work_2")} <= airflow_edges(pipeline)
