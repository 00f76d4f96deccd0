"""Apache Airflow: one self-contained DAG file in the TaskFlow style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.backend import Bundle
from pipec.compiler.capabilities import Capabilities, load
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import Pipeline

if TYPE_CHECKING:
    from pipec.compiler.reading import Reader


class AirflowBackend:
    """Airflow 2.11, and 3.1 and later."""

    name = "airflow"
    runner = "pipec.backends.airflow.runner"
    requirement = "pipec[airflow]"
    runs_natives = True

    @property
    def capabilities(self) -> Capabilities:
        """What Airflow makes of each feature."""
        return load("airflow")

    @property
    def reader(self) -> Reader:
        """What reads existing pipelines."""
        from pipec.backends.airflow.reading.reader import AirflowReader

        return AirflowReader()

    def build(self, pipeline: Pipeline, site: Site, report: Report) -> Bundle | None:
        """The DAG file, or `None` where a finding refuses the pipeline."""
        from pipec.backends.airflow.compile import compile_file
        from pipec.backends.airflow.emit import emit, emit_steps
        from pipec.backends.airflow.names import stem_of, steps_name
        from pipec.compiler.backend import lifecycle

        made = compile_file(pipeline, site, report)
        if made is None:
            return None
        stem = stem_of(pipeline.name)
        path = f"{stem}.py"
        files = {path: emit(made.file)}
        if made.steps is not None:
            files[steps_name(pipeline.name)] = emit_steps(made.steps)
        if made.rule is not None:
            files[f"{stem}{lifecycle.ENDING}"] = made.rule
        return Bundle(files, path)
