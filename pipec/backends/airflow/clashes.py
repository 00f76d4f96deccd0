"""Names of the user's that a DAG file needs itself: `task`, `DAG`, `time`, `next` become `task_`, `DAG_`, ..."""

from __future__ import annotations

from pipec.backends.airflow.imports import IMPORTS
from pipec.backends.airflow.names import AIRFLOW, Names
from pipec.backends.airflow.names import BUILTINS as TAKEN
from pipec.compiler.passes.rename import renamed
from pipec.ir import Pipeline


def without_clashes(pipeline: Pipeline) -> Pipeline:
    """`pipeline` whose definitions leave Airflow's, our imports' and Python's own names alone."""
    reserved = AIRFLOW | TAKEN
    names = Names(reserved | {n for d in pipeline.definitions for n in d.names})
    changed = {
        name: names.fresh(f"{name}_")
        for d in pipeline.definitions
        for name in d.names
        if name in reserved and not (d.kind == "import" and IMPORTS.get(name) == d.source)
    }
    return renamed(pipeline, changed)
