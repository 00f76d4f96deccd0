"""The IR means what the Python means: random pipelines, interpreted before and after every neutral pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.passes.outline import Place, outline
from pipec.compiler.passes.rebuild import map_blocks
from pipec.ir import Block, Pipeline, Statement, Task
from tests.support.generator import FAILURES, LAWS, modules
from tests.support.interpreter import interpret
from tests.support.oracle import as_read, imported

PLACES: set[Place] = {"conditions", "items", "results", "phis", "arguments"}


def outcome(run: Any) -> str:
    """The result of `run`, or how it fails."""
    try:
        return repr(run())
    except Exception as error:  # noqa: BLE001  # the user's own error is the outcome
        return type(error).__name__


def asking(pipeline: Pipeline, name: Callable[[Task], str]) -> Pipeline:
    """`pipeline` with the setting `fuse` for all of its tasks."""

    def change(node: Statement) -> Statement:
        if not isinstance(node, Task):
            return node
        return node.model_copy(update={"policy": node.policy.model_copy(update={"fuse": name(node)})})

    body = map_blocks(pipeline.body, lambda block: Block(nodes=tuple(map(change, block.nodes))))
    return pipeline.model_copy(update={"body": body})


@seed(2026)
@settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None, report_multiple_bugs=False
)
@given(modules(LAWS - FAILURES))
def test_random_pipelines(tmp_path_factory: Any, source: str) -> None:
    folder: Path = tmp_path_factory.mktemp("random")
    wanted = outcome(imported(source, folder).main)
    if wanted == "UnboundLocalError":
        return
    current, report = as_read(folder)
    stages: dict[str, Pipeline] = {"read": current}
    for apply in passes.PASSES:
        current = apply(current, report)
        stages[getattr(apply, "__name__", "pass")] = current
    stages["outline"] = outline(current, PLACES)
    stages["fuse auto"] = passes.fuse(asking(current, lambda task: "auto"), Report())
    stages["fuse all"] = passes.fuse(asking(current, lambda task: "shared"), Report())
    stages["fuse some"] = passes.fuse(asking(current, lambda task: f"shared_{len(task.id) % 2}"), Report())
    for stage, pipeline in stages.items():
        assert outcome(lambda p=pipeline: interpret(p, {})[0]) == wanted, stage  # type: ignore[misc]
        assert Pipeline.model_validate_json(pipeline.model_dump_json()) == pipeline, stage
