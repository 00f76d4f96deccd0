"""How values travel between tasks: plain values, artifacts, and collections of artifacts.

The producer's annotation decides (language, section 2). A collection that holds no artifact is a plain value, so
`ListOf`, `DictOf`, `TupleOf` and `OptionalOf` always have an artifact somewhere inside.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipec.ir.base import Node


class ValueType(Node):
    """A plain value: travels exactly, and the pipeline body may look into it."""

    kind: Literal["value"] = "value"
    annotation: str = ""
    """The annotation as written, or "" where there is none (a pipeline expression)."""
    metrics: bool = False
    """Declared `Metrics`: shown as metrics where the target can."""
    classification: bool = False
    """Declared `ClassificationMetrics`: shown as a confusion matrix and a ROC curve where the target can."""


class ObjectType(Node):
    """An object that is stored in the target's artifact store."""

    kind: Literal["object"] = "object"
    annotation: str = ""
    codec: str = "pickle"
    """"pickle", "parquet" (pandas DataFrame), "npy" (NumPy array), or "module:Class" of `[tool.pipec.codecs]`."""


class FileType(Node):
    """A file or folder whose path the step returns; consumers get a local path to a private copy."""

    kind: Literal["file"] = "file"
    annotation: str = "Path"
    role: Literal["path", "dataset", "model", "html", "markdown"] = "path"
    title: str = ""
    """The type of `Annotated[Path, "google.VertexModel"]`, where the store has such types; perhaps `@` a version."""


class ListOf(Node):
    """A list of artifacts: the result of a fan-out, or one task's `list[Model]`."""

    kind: Literal["list"] = "list"
    item: Type


class DictOf(Node):
    """A dict of artifacts with plain keys."""

    kind: Literal["dict"] = "dict"
    item: Type


class TupleOf(Node):
    """A tuple of known length with an artifact in it."""

    kind: Literal["tuple"] = "tuple"
    items: tuple[Type, ...]


class OptionalOf(Node):
    """An artifact or `None`."""

    kind: Literal["optional"] = "optional"
    item: Type


Type = Annotated[
    ValueType | ObjectType | FileType | ListOf | DictOf | TupleOf | OptionalOf, Field(discriminator="kind")
]

for _model in (ListOf, DictOf, TupleOf, OptionalOf):
    _model.model_rebuild()

VALUE = ValueType()
"""A value of no declared type."""


def is_artifact(type_: Type) -> bool:
    """Whether a value of this type goes through the artifact store (itself, or something inside it)."""
    return not isinstance(type_, ValueType)


def optional(type_: Type) -> Type:
    """`type_` or `None`. A value of no artifact's type may be `None` anyway."""
    return type_ if not is_artifact(type_) or isinstance(type_, OptionalOf) else OptionalOf(item=type_)


def is_shown(type_: Type) -> bool:
    """Whether an annotation says what a result is, so that people look for it: it is stored though no step reads it."""
    match type_:
        case ValueType():
            return type_.metrics or type_.classification
        case FileType():
            return type_.role != "path" or bool(type_.title)
        case OptionalOf():
            return is_shown(type_.item)
        case _:
            return False


def leaves(type_: Type) -> tuple[ObjectType | FileType | ValueType, ...]:
    """The scalar types inside `type_`, in order."""
    match type_:
        case ListOf() | DictOf() | OptionalOf():
            return leaves(type_.item)
        case TupleOf():
            return tuple(leaf for item in type_.items for leaf in leaves(item))
        case _:
            return (type_,)
