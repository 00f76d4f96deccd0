"""Kubeflow Pipelines: PipelineSpec YAML 2.1.0, written without kfp, for servers that implement KFP v2."""

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


class KfpBackend:
    """The backend."""

    name = "kfp"
    runner = "pipec.backends.kfp.runner"
    requirement = "pipec[kfp]"
    runs_natives = False

    @cached_property
    def capabilities(self) -> Capabilities:
        """What Kubeflow Pipelines can do."""
        return load(self.name)

    @property
    def reader(self) -> Reader:
        """What reads existing pipelines."""
        from pipec.backends.kfp.reading.reader import KfpReader

        return KfpReader()

    def build(self, pipeline: Pipeline, site: Site, report: Report) -> Bundle | None:
        """One YAML file, with the platform document in it where one is needed."""
        from pipec.backends.kfp.build import build

        self.capabilities.check(pipeline, site, report)
        if any(f.severity == "error" and f.about == self.name for f in report.findings):
            return None
        return build(pipeline, site, report)
