"""Give definitions of the user's code other names, everywhere in the pipeline."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from pipec.compiler.pysource import rename_globals
from pipec.ir import Definition, Pipeline


def renamed(pipeline: Pipeline, changed: Mapping[str, str]) -> Pipeline:
    """`pipeline` whose definitions have the names that `changed` gives them."""
    if not changed:
        return pipeline
    components = tuple(
        c.model_copy(
            update={
                "function": changed.get(c.function, c.function) if c.function else None,
                "code": _renamed(c.code, changed),
            }
        )
        for c in pipeline.components
    )
    definitions = tuple(_definition(d, changed) for d in pipeline.definitions)
    return pipeline.model_copy(update={"definitions": definitions, "components": components})


def _renamed(names: tuple[str, ...], changed: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(changed.get(name, name) for name in names)


def _definition(definition: Definition, changed: Mapping[str, str]) -> Definition:
    fields = ("names", "eager", "lazy", "annotation")
    used = {name for field in fields for name in getattr(definition, field)}
    wanted = {name: new for name, new in changed.items() if name in used}
    if not wanted:
        return definition
    source = definition.source
    if definition.kind != "import":
        source = rename_globals(source, wanted)
    elif definition.names[0] in wanted:
        node = ast.parse(source).body[0]
        assert isinstance(node, (ast.Import, ast.ImportFrom))
        node.names[0].asname = wanted[definition.names[0]]
        source = ast.unparse(node)
    names = {field: _renamed(getattr(definition, field), wanted) for field in fields}
    return definition.model_copy(update={**names, "source": source})
