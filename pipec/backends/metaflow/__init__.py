"""Metaflow: one self-contained flow file per pipeline, for Metaflow's own runner and its deployers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pipec.compiler.backend import Bundle
from pipec.compiler.capabilities import Capabilities, load
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import Pipeline

if TYPE_CHECKING:
    from pipec.compiler.reading import Reader


class MetaflowBackend:
    """The backend."""

    name = "metaflow"
    runner = "pipec.backends.metaflow.runner"
    requirement = "pipec[metaflow]"
    runs_natives = False

    @cached_property
    def capabilities(self) -> Capabilities:
        """What Metaflow can do."""
        return load(self.name)

    @property
    def reader(self) -> Reader:
        """What reads existing pipelines."""
        from pipec.backends.metaflow.reading.reader import MetaflowReader

        return MetaflowReader()

    def build(self, pipeline: Pipeline, site: Site, report: Report) -> Bundle | None:
        """One Python file with a `FlowSpec`."""
        from pipec.backends.metaflow import batch, native, parameters
        from pipec.backends.metaflow.emit import text
        from pipec.backends.metaflow.lower import lower
        from pipec.backends.metaflow.names import step_name
        from pipec.compiler.backend import kubernetes
        from pipec.compiler.backend.filenames import file_stem

        self.capabilities.check(pipeline, site, report)
        parameters.check(pipeline, report)
        on_batch = native.compute(pipeline.policy) == "batch"
        kubernetes.check(pipeline, self.name, site, report, batch.problems if on_batch else kubernetes.problems)
        if any(f.severity == "error" and f.about == self.name for f in report.findings):
            return None
        lowered = lower(pipeline, site, report)
        if any(f.severity == "error" and f.about == self.name for f in report.findings):
            return None
        name = f"{file_stem(step_name(pipeline.name)).removesuffix('_flow')}_flow.py"
        return Bundle({name: text(lowered.flow)}, name)
