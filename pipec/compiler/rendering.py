"""The Jinja environment for generated text: strict, without escaping, and with filters that cannot print nonsense."""

from __future__ import annotations

import keyword
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipec.compiler.pysource.text import quoted
from pipec.ir.literals import source_of


@cache
def environment(backend: str) -> Environment:
    """Templates of `pipec/templates/<backend>`."""
    env = Environment(
        loader=PackageLoader("pipec", f"templates/{backend}"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # Python and YAML, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["py"] = python_literal
    env.filters["ident"] = identifier
    return env


def render(backend: str, template: str, **models: Any) -> str:
    """The text of `template` for the target model."""
    return environment(backend).get_template(template).render(**models)


def helper(backend: str, name: str) -> str:
    """The text of a fixed helper, a real Python file beside the templates."""
    loader = environment(backend).loader
    assert loader is not None
    return loader.get_source(environment(backend), name)[0]


def python_literal(value: object) -> str:
    """`value` as a Python literal with double quotes where that needs no more escapes."""
    if isinstance(value, str):
        return quoted(value)
    return source_of(value)


def identifier(name: str) -> str:
    """`name`, checked to be an identifier."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is no identifier")
    return name
