"""The fixed helpers of `templates/metaflow/helpers.py`: which a flow needs, and what they import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache

from pipec.compiler.pysource.imports import Import, parse
from pipec.compiler.rendering import helper

CLASSES = ("FreshArtifacts", "on_kubernetes", "pypi_on_kubernetes")


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


def sources(wanted: Iterable[str]) -> list[str]:
    """The sources of the helpers in `wanted`, in a fixed order."""
    chosen = set(wanted)
    return [source for name, source in parts().items() if name in chosen]


def imports(wanted: Iterable[str]) -> list[Import]:
    """What those helpers import."""
    text = "\n".join(sources(wanted))
    words = set(re.findall(r"\w+", _code(text)))
    return [i for i in _imports() if (i.alias or i.name or i.module.split(".")[0]) in words]


def _code(text: str) -> str:
    """`text` without strings and comments, whose words are no names."""
    found = [n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)]
    return " ".join(found)
