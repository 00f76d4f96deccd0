"""Attributes of static values, and their texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from pipec.backends.kfp.reading.dsl import channels, library_values
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.groups import Group
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.kinds import NamedTupleType, NamedTupleValue, is_artifact_class
from pipec.backends.kfp.reading.dsl.parts import Component
from pipec.backends.kfp.reading.dsl.placeholders import ArtifactPort, Placeholder
from pipec.backends.kfp.reading.dsl.problems import Problem, Unknown, refused
from pipec.backends.kfp.reading.dsl.scope import Scope
from pipec.backends.kfp.reading.dsl.tasks import Task

_METHODS: dict[type, set[str]] = {
    str: {name for name in dir(str) if not name.startswith("_")},
    bytes: {"decode"},
    list: {name for name in dir(list) if not name.startswith("_")},
    tuple: {"count", "index"},
    dict: {name for name in dir(dict) if not name.startswith("_")},
    set: {name for name in dir(set) if not name.startswith("_")},
    frozenset: {name for name in dir(frozenset) if not name.startswith("_")},
    int: {"bit_length"},
    float: {"is_integer"},
}
_PATH = {
    "parent", "parents", "name", "stem", "suffix", "suffixes", "parts", "joinpath", "with_suffix", "with_name",
    "as_posix", "relative_to", "is_absolute",
}  # fmt: skip
_SAME_PATH = {"resolve", "absolute", "expanduser"}


@dataclass(eq=False)
class ClassValue:
    """A class of the file that is used for its constants."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Instance:
    """An object of the SDK that is only ever given to another call."""

    kind: str
    """The dotted name of its class."""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """A method of an `Instance`."""

    instance: Instance
    name: str


def attribute(value: Any, name: str) -> Any:
    """`value.name`."""
    match value:
        case Imported():
            return library_values.value(f"{value.path}.{name}")
        case Task() | ArtifactPort():
            return value.attribute(name)
        case Channel():
            return _of_channel(value, name)
        case Instance():
            return Bound(value, name)
        case Scope() | ClassValue() | NamedTupleValue():
            return _of_namespace(value, name)
        case Group():
            return value.name if name == "name" else _missing(value, name)
        case Function():
            return value.name if name in ("__name__", "__qualname__") else value.attributes[name]
        case Component():
            return _of_component(value, name)
        case PurePath():
            if name in _SAME_PATH:
                return _Same(value)
            return getattr(value, name) if name in _PATH else _missing(value, name)
    if isinstance(value, type) and (is_artifact_class(value) or name in ("fromkeys", "__name__")):
        return getattr(value, name)
    methods = next((names for kind, names in _METHODS.items() if isinstance(value, kind)), set())
    return getattr(value, name) if name in methods else _missing(value, name)


@dataclass(frozen=True)
class _Same:
    """A method that leaves a path as it is: files are only ever looked up from where the project lies."""

    path: PurePath

    def __call__(self) -> PurePath:
        return self.path


def is_method(value: Any) -> bool:
    """Whether `value` is a method of a plain value, which may be called."""
    if isinstance(value, _Same):
        return True
    owner = getattr(value, "__self__", None)
    kinds = (*_METHODS, PurePath)
    return callable(value) and owner is not None and (isinstance(owner, kinds) or owner is dict)


def _missing(value: Any, name: str) -> Any:
    raise Problem(f"`.{name}`", f"a {type(value).__name__} has no attribute of this name that is known statically")


def _of_channel(value: Channel, name: str) -> Any:
    if isinstance(value, channels.LoopParameter) and name not in ("full_name", "pattern", "task_name"):
        if name != "name" or (value.constant and isinstance(value.items[0], dict) and name in value.items[0]):
            return value.field(name)
    if name in ("name", "full_name", "pattern", "task_name"):
        return getattr(value, name)
    if isinstance(value, channels.LoopArtifact) or name not in ("channel_type",):
        raise refused(f"`.{name}` of `{value.name}`", "a value of the run has no attributes in a pipeline")
    return value.kind


def _of_namespace(value: Any, name: str) -> Any:
    found = value.own(name) if isinstance(value, Scope) else value.values[name]
    if isinstance(found, Unknown):
        raise found.problem
    return found


def _of_component(value: Component, name: str) -> Any:
    if name in ("name", "description"):
        return getattr(value, name)
    if name in ("python_func", "pipeline_func") and value.function is not None:
        return value.function
    return _missing(value, name)


def assign(value: Any, name: str, new: Any) -> None:
    """`value.name = new`."""
    match value:
        case Function():
            value.attributes[name] = new
        case ClassValue() | Instance():
            value.values[name] = new
        case _:
            raise Problem(f"`.{name} = ...`", f"setting an attribute of a {type(value).__name__} cannot be read")


def text_of(value: Any) -> str:
    """`str(value)`, for values whose text is the same wherever the file is read."""
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        for one in [*value, *(value.values() if isinstance(value, dict) else ())]:
            text_of(one)
        return str(value)
    if value is None or isinstance(value, (str, int, float, bytes, Channel, Placeholder, PurePath)):
        return str(value)
    if isinstance(value, Task):
        raise refused(f"`{value.name}`", "a task is no text; its `.output` can stand in one")
    if isinstance(value, (NamedTupleType, type)):
        return getattr(value, "__name__", getattr(value, "name", ""))
    if isinstance(value, Imported):
        raise Problem(f"`{value.path}`", "its value is not known when the file is read", value.advice)
    raise refused("a text", f"a {type(value).__name__} cannot stand in it")
