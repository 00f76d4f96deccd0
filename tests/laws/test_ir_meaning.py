"""The IR means what the Python means: random pipelines, interpreted before and after every neutral pass."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.passes.outline import Place, outline
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from tests.support.generator import FAILURES, LAWS, modules
from tests.support.interpreter import interpret

PLACES: set[Place] = {"conditions", "items", "results", "phis", "arguments"}


def outcome(run: Any) -> str:
    """The result of `run`, or how it fails."""
    try:
        return repr(run())
    except Exception as error:  # noqa: BLE001  # the user's own error is the outcome
        return type(error).__name__


@seed(2026)
@settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None, report_multiple_bugs=False
)
@given(modules(LAWS - FAILURES))
def test_random_pipelines(tmp_path_factory: Any, source: str) -> None:
    folder: Path = tmp_path_factory.mktemp("random")
    file = folder / "random_pipeline.py"
    file.write_text(source, encoding="utf-8")
    module = ModuleType("random_pipeline")
    sys.modules["random_pipeline"] = module
    exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102  # plain Python is the oracle
    wanted = outcome(module.main)
    if wanted == "UnboundLocalError":
        return
    report = Report()
    found = read(file, root=folder, site=Site(), report=report, pipeline="main")
    assert found, [(f.span.line, f.message) for f in report if f.severity == "error"]
    stages: dict[str, Pipeline] = {"read": found[0]}
    current = found[0]
    for apply in passes.PASSES:
        current = apply(current, report)
        stages[getattr(apply, "__name__", "pass")] = current
    stages["outline"] = outline(current, PLACES)
    for stage, pipeline in stages.items():
        assert outcome(lambda p=pipeline: interpret(p, {})[0]) == wanted, stage  # type: ignore[misc]
        assert Pipeline.model_validate_json(pipeline.model_dump_json()) == pipeline, stage
