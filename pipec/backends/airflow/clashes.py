"""Names of the user's that a DAG file needs itself: `task`, `DAG`, `time`, `next` become `task_`, `DAG_`, ..."""

from __future__ import annotations

import ast

from pipec.backends.airflow.imports import IMPORTS
from pipec.backends.airflow.names import AIRFLOW, Names
from pipec.backends.airflow.names import BUILTINS as TAKEN
from pipec.compiler.pysource import rename_globals
from pipec.ir import Definition, Pipeline


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
    if not changed:
        return pipeline

    def renamed(found: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(changed.get(name, name) for name in found)

    definitions = tuple(
        d.model_copy(
            update={
                "names": renamed(d.names),
                "eager": renamed(d.eager),
                "lazy": renamed(d.lazy),
                "annotation": renamed(d.annotation),
                "source": _source(d, changed),
            }
        )
        for d in pipeline.definitions
    )
    components = tuple(
        c.model_copy(
            update={"function": changed.get(c.function, c.function) if c.function else None, "code": renamed(c.code)}
        )
        for c in pipeline.components
    )
    return pipeline.model_copy(update={"definitions": definitions, "components": components})


def _source(definition: Definition, changed: dict[str, str]) -> str:
    if definition.kind == "import":
        if definition.names[0] not in changed:
            return definition.source
        node = ast.parse(definition.source).body[0]
        assert isinstance(node, (ast.Import, ast.ImportFrom))
        node.names[0].asname = changed[definition.names[0]]
        return ast.unparse(node)
    used = {*definition.names, *definition.eager, *definition.lazy, *definition.annotation}
    wanted = {name: new for name, new in changed.items() if name in used}
    return rename_globals(definition.source, wanted) if wanted else definition.source
