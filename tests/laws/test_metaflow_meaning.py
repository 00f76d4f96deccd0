"""Generated flows mean what the Python means: random pipelines, linted by Metaflow and run by its rules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from pipec.backends.metaflow.emit import text
from pipec.backends.metaflow.lower import lower
from pipec.compiler import passes
from pipec.compiler.site import Site
from tests.support import small_metaflow
from tests.support.generator import modules
from tests.support.interpreter import interpret
from tests.support.oracle import as_read, imported


def outcome(run: Any) -> str:
    """The result of `run`, or how it fails."""
    try:
        return repr(run())
    except Exception as error:  # noqa: BLE001  # the user's own error is the outcome
        return type(error).__name__


@pytest.mark.orchestrator
@seed(2026)
@settings(
    max_examples=70, deadline=None, suppress_health_check=list(HealthCheck), database=None, report_multiple_bugs=False
)
@given(modules())
def test_random_flows(tmp_path_factory: Any, source: str) -> None:
    folder: Path = tmp_path_factory.mktemp("random")
    wanted = outcome(imported(source, folder).main)
    if wanted == "UnboundLocalError":
        return
    found, report = as_read(folder)
    pipeline = passes.run(found, report)
    lowered = lower(pipeline, Site(), report)
    flow = text(lowered.flow)
    lint(flow, folder)

    def run() -> Any:
        end, ran = small_metaflow.run(flow)
        calls = interpret(pipeline, {})[1]
        sites = {t.id: t.site.step for t in tasks(pipeline)}
        assert sorted((sites[lowered.tasks[s]], i) for s, i in ran if s in lowered.tasks) == calls
        return getattr(end, lowered.result) if lowered.result else None

    assert outcome(run) == wanted, flow


def tasks(pipeline: Any) -> Any:
    from pipec.ir.graph import tasks as found

    return found(pipeline)


def lint(flow: str, folder: Path) -> None:
    """What `python flow.py check` does."""
    from metaflow import FlowSpec
    from metaflow.lint import linter

    file = folder / "flow.py"
    file.write_text(flow, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("linted_flow", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["linted_flow"] = module
    spec.loader.exec_module(module)
    (made,) = (
        v for v in vars(module).values() if isinstance(v, type) and issubclass(v, FlowSpec) and v is not FlowSpec
    )
    linter.run_checks(made._graph)
