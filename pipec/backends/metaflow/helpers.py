"""The fixed helpers of `templates/metaflow/helpers.py`: which a flow needs, and what they import."""

from __future__ import annotations

import ast
from functools import cache

from pipec.backends.metaflow.names import Words
from pipec.compiler.pysource import rename_globals
from pipec.compiler.pysource.imports import Import, parse
from pipec.compiler.rendering import helper
from pipec.ir import Definition

DECORATORS = (
    "card", "catch", "project", "retry", "timeout", "environment", "resources", "schedule", "exit_hook",
    "trigger", "trigger_on_finish", "Parameter", "JSONType",
)  # fmt: skip
"""What may be imported from metaflow by its own name."""
WORDS = (
    *(Import("datetime", name) for name in ("datetime", "timedelta", "timezone")),
    Import("copy", "deepcopy"),
    *(Import("metaflow", name) for name in ("FlowSpec", "step", "current", *DECORATORS)),
)
"""What steps and decorators use besides helpers."""


@cache
def parts() -> dict[str, str]:
    """Helper -> its source, in the order of the file."""
    text = helper("metaflow", "helpers.py")
    lines = text.splitlines()
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


@cache
def _imports() -> tuple[Import, ...]:
    tree = ast.parse(helper("metaflow", "helpers.py"))
    return tuple(i for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom)) for i in parse(ast.unparse(n)))


def sources(words: Words) -> list[str]:
    """The sources of the helpers that are used, in a fixed order."""
    found = [source for name, source in parts().items() if name in words.used]
    names = {n: words.alias(n) for n in (*parts(), *(_bound(i) for i in _imports())) if n in words.taken}
    return [rename_globals(source, names) for source in found] if names else found


def imports(words: Words) -> list[Import]:
    """What those helpers import."""
    text = "\n".join(source for name, source in parts().items() if name in words.used)
    mentioned = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    return [renamed(i, words) for i in _imports() if _bound(i) in mentioned]


def shared(definition: Definition) -> bool:
    """Whether the user imports the very thing that a flow imports under this name."""
    return definition.kind == "import" and {*parse(definition.source)} <= {*_imports(), *WORDS}


def renamed(found: Import, words: Words) -> Import:
    """The import under a name that hides none of the user's."""
    bound = _bound(found)
    alias = words.alias(bound)
    return found if alias == bound else Import(found.module, found.name, alias)


def _bound(found: Import) -> str:
    return found.alias or found.name or found.module.split(".")[0]
