"""The parameters of the pipeline, from the document and what stands above it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipec.backends.kfp.reading.own.symbols import constant
from pipec.compiler.pysource.text import python
from pipec.compiler.reading import Source


@dataclass(frozen=True)
class Parameter:
    """One parameter."""

    name: str
    annotation: str
    default: str | None
    doc: str = ""
    is_json: bool = False
    """Its default is text that travels as JSON, since a server would change it."""

    @property
    def is_raw(self) -> bool:
        """Whether it travels as text that a person types, rather than as JSON."""
        is_text = self.default is None or self.default[:1] in "\"'"
        return self.annotation.strip("\"' ") == "str" and is_text and not self.is_json

    @property
    def signature(self) -> str:
        """As it stands in the `def`."""
        annotation = f": {self.annotation}" if self.annotation else ""
        if self.default is None:
            return f"{self.name}{annotation}"
        return f"{self.name}{annotation} = {self.default}" if annotation else f"{self.name}={self.default}"


def parameters_of(root: Mapping[str, Any], source: Source) -> list[Parameter]:
    """The parameters of `root`."""
    found = []
    for name, spec in ((root.get("inputDefinitions") or {}).get("parameters") or {}).items():
        annotation, doc = _annotation(name, str(spec.get("description") or ""), source.text)
        default = spec.get("defaultValue")
        text = None
        if default is not None:
            text = (
                python(default)
                if annotation.strip("\"' ") == "str" and not _is_json(default, source.text, name)
                else constant(default)
            )
        told = re.search(rf"^#   {re.escape(name)}: str\b.*", source.text, re.M)
        is_json = default is not None and told is not None and not told[0].endswith(" (plain text)")
        found.append(Parameter(name, annotation, constant(default) if is_json else text, doc, is_json))
    return found


def _annotation(name: str, about: str, text: str) -> tuple[str, str]:
    """The annotation, and what is said about the parameter."""
    line = re.search(rf"^#   {re.escape(name)}: (?P<said>.*)$", text, re.M)
    said = line["said"] if line else ""
    if said and about:
        for end in range(len(about), -1, -1):
            if (end == len(about) or about[end : end + 2] == ": ") and re.match(
                rf"{re.escape(about[:end])}(?: = .*| \(plain text\))?\Z", said, re.S
            ):
                return about[:end], about[end + 2 :]
        if said.startswith("any"):
            return "", about
    annotation, _, doc = about.partition(": ")
    return annotation, doc


def _is_json(default: object, text: str, name: str) -> bool:
    """Whether a `str` parameter has a default that is none: `None` travels as JSON."""
    return re.search(rf"^#   {re.escape(name)}: [^\n]* = (?!['\"])", text, re.M) is not None
