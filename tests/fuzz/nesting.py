"""What nesting costs on Metaflow: the longest chain of tasks in the flow against that of the source graph, and its paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipec.api.dependence import Dependence
from pipec.backends.metaflow.graph import Builder
from pipec.backends.metaflow.liveness import paths
from pipec.backends.metaflow.lower import lower
from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.passes.inline_groups import inline_groups
from pipec.compiler.passes.soften import soften
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from pipec.ir.graph import tasks


@dataclass(frozen=True)
class Shape:
    """One flow."""

    tasks: int
    source: int
    """Tasks on the longest chain of the source graph: what each one needs, and nothing else."""
    nested: int
    """Tasks on the longest chain of the flow."""
    paths: int
    """Ways from the start to the end, each of which Metaflow's validator follows."""
    warned: bool
    """Whether pipec has said that there are too many."""

    @property
    def ratio(self) -> float:
        """How much longer the flow takes where every task takes equally long."""
        return self.nested / self.source if self.source else 1.0


def shape(source: str, folder: Path) -> Shape | None:
    """The shape of `main` of a module; `None` where it is refused."""
    file = folder / "shaped.py"
    file.write_text(source, encoding="utf-8")
    report = Report()
    found = read(file, root=folder, site=Site(), report=report, pipeline="main")
    if not found or report.failed:
        return None
    pipeline = passes.run(found[0], report)
    told = Report()
    lower(pipeline, Site(), told)
    steps = Builder(inline_groups(soften(pipeline)), "2.19", Report()).build()
    ends: dict[int, int] = {}
    for step in steps:
        ends[id(step)] = ends.get(id(step), 0) + (step.task is not None)
        for target in step.targets:
            ends[id(target)] = max(ends.get(id(target), 0), ends[id(step)])
    warned = any("paths lead" in finding.message for finding in told)
    return Shape(len(list(tasks(pipeline))), longest(pipeline), max(ends.values()), paths(steps), warned)


def longest(pipeline: Pipeline) -> int:
    """Tasks on the longest chain of what needs what; expressions take no time."""
    needs = Dependence.of(pipeline).needs
    weight = {task.id: 1 for task in tasks(pipeline)}
    ends: dict[str, int] = {}

    def end(id_: str) -> int:
        if id_ not in ends:
            ends[id_] = weight.get(id_, 0) + max(map(end, needs.get(id_, ())), default=0)
        return ends[id_]

    return max(map(end, needs), default=0)
