"""Versions of the IR as a document: what was written by an earlier pipec is read by this one.

A version stays while all documents of it are read as they are: fields with a default, and further kinds and values, are
no new one. Whatever else changes is a new version, with a function here that makes it of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

VERSION = 2


class UnknownVersionError(ValueError):
    """A document is of a version that this pipec does not read."""


def upgraded(document: Any) -> Any:
    """A pipeline as JSON in the form of this version; what is no pipeline at all is left to the schema."""
    if not isinstance(document, Mapping):
        return document
    version = document.get("ir_version", 1)  # it stood in every document from the beginning
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= VERSION:
        raise UnknownVersionError(f"it is IR of version {version!r}, and this pipec reads versions 1 to {VERSION}")
    for number in range(version, VERSION):
        document = {**UPGRADES[number](document), "ir_version": number + 1}
    return document


def _deadlines(value: Any) -> Any:
    """A deadline was a number of seconds; it has become an object that also says who is told."""
    if isinstance(value, Mapping):
        found = {key: _deadlines(inner) for key, inner in value.items()}
        if isinstance(policy := found.get("policy"), Mapping) and isinstance(policy.get("deadline"), (int, float)):
            found["policy"] = {**policy, "deadline": {"after": policy["deadline"]}}
        return found
    return [_deadlines(inner) for inner in value] if isinstance(value, list) else value


UPGRADES: dict[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {1: _deadlines}
"""Version -> what makes a document of the next one of it."""
