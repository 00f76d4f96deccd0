"""Return annotations: how a step's result travels."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from pipec.ir import DictOf, FileType, ListOf, ObjectType, OptionalOf, TupleOf, Type, ValueType, is_artifact

Resolve = Callable[[ast.expr], str | None]
"""The dotted name that an annotation's name refers to ("pandas.DataFrame", "pipec.Metrics"), or `None` if unknown."""

_SCALARS = {"int", "float", "str", "bool", "None", "list", "dict", "tuple", "builtins.int"}
_LISTS = {
    "list",
    "typing.List",
    "collections.abc.Sequence",
    "typing.Sequence",
    "typing.Iterable",
    "collections.abc.Iterable",
}
_DICTS = {"dict", "typing.Dict", "collections.abc.Mapping", "typing.Mapping"}
_TUPLES = {"tuple", "typing.Tuple"}
_ANYTHING = {"object", "typing.Any", "typing_extensions.Any"}
_FILES = {
    "pathlib.Path": "path", "pathlib.PosixPath": "path", "pathlib.PurePath": "path", "pipec.Dataset": "dataset",
    "pipec.Model": "model", "pipec.HTML": "html", "pipec.Markdown": "markdown",
}  # fmt: skip
_CODECS = {
    "pandas.DataFrame": "parquet", "pandas.core.frame.DataFrame": "parquet", "numpy.ndarray": "npy",
    "numpy.typing.NDArray": "npy",
}  # fmt: skip
_TITLE = re.compile(r"(?:system|google)\.\w+(?:@\d+\.\d+\.\d+)?\Z")


@dataclass(frozen=True)
class Fields:
    """Fields of a NamedTuple, dataclass or TypedDict of the project."""

    kind: str
    """"namedtuple", "dataclass" or "typeddict"."""
    annotations: dict[str, ast.expr]


class Annotations:
    """Turns annotations of one module into types."""

    def __init__(
        self, resolve: Resolve, segment: Callable[[ast.AST], str], codecs: dict[str, str],
        fields: Callable[[ast.expr], Fields | None], alias: Callable[[ast.expr], ast.expr | None],
    ) -> None:  # fmt: skip
        """`alias` gives the annotation that a module-level alias stands for."""
        self.resolve = resolve
        self.segment = segment
        self.codecs = codecs
        self.fields = fields
        self.alias = alias

    def type(self, node: ast.expr | None, depth: int = 0) -> Type:
        """The type that an annotation declares; an object artifact where there is none."""
        if node is None:
            return ObjectType()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.type(ast.parse(node.value, mode="eval").body, depth + 1)
            except SyntaxError:
                return ObjectType(annotation=node.value)
        text = ast.unparse(node)
        if isinstance(node, ast.Constant):
            return ValueType(annotation=text) if node.value is None else ObjectType(annotation=text)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union([node.left, node.right], text)
        name = self.resolve(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, self.resolve(node.value) or "", text)
        if name in self.codecs or text in self.codecs:
            return ObjectType(annotation=text, codec=self.codecs.get(text) or self.codecs[name or ""])
        if name in _SCALARS or name in _LISTS | _DICTS | _TUPLES:
            return ValueType(annotation=text)
        if name in ("pipec.Metrics", "pipec.authoring.Metrics"):
            return ValueType(annotation=text, metrics=True)
        if name in ("pipec.ClassificationMetrics", "pipec.authoring.ClassificationMetrics"):
            return ValueType(annotation=text, classification=True)
        if name and (role := _FILES.get(name.replace("pipec.authoring.", "pipec."))):
            return FileType(annotation=text, role=role)
        if name in _CODECS:
            return ObjectType(annotation=text, codec=_CODECS[name])
        fields = self.fields(node)
        if fields and fields.kind == "typeddict":
            return ValueType(annotation=text)
        if depth < 8 and (other := self.alias(node)) is not None:
            return self.type(other, depth + 1)
        return ObjectType(annotation=text)

    def _inside(self, node: ast.expr) -> Type:
        """The type of a container's element: `dict[str, Any]` says that it is a dict, so it is a value."""
        return ValueType() if self.resolve(node) in _ANYTHING else self.type(node)

    def _union(self, nodes: list[ast.expr], text: str) -> Type:
        members = [self.type(node) for node in nodes]
        plain = [m for m in members if isinstance(m, ValueType)]
        others = [m for m in members if not isinstance(m, ValueType)]
        if not others:
            shown = {kind: any(getattr(m, kind) for m in plain) for kind in ("metrics", "classification")}
            return ValueType(annotation=text, **shown)
        kinds = {m.model_dump_json(exclude={"annotation"}) for m in others}
        inner = others[0] if len(kinds) == 1 else ObjectType(annotation=text)
        if isinstance(inner, OptionalOf) or not plain:
            return inner
        return OptionalOf(item=inner) if all(m.annotation == "None" for m in plain) else ObjectType(annotation=text)

    def _subscript(self, node: ast.Subscript, name: str, text: str) -> Type:
        arguments = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in ("typing.Literal", "typing_extensions.Literal"):
            return ValueType(annotation=text)
        if name == "typing.Optional":
            return self._union([*arguments, ast.Constant(None)], text)
        if name == "typing.Union":
            return self._union(arguments, text)
        if name in (
            "typing.Annotated",
            "typing_extensions.Annotated",
            "typing.Final",
            "typing.Required",
            "typing.NotRequired",
        ):
            return _titled(self.type(arguments[0]), arguments[1:], text)
        if name in _LISTS and len(arguments) == 1:
            inner = self._inside(arguments[0])
            return ListOf(item=inner) if is_artifact(inner) else ValueType(annotation=text)
        if name in _DICTS and len(arguments) == 2:
            inner = self._inside(arguments[1])
            if is_artifact(self.type(arguments[0])):
                return ObjectType(annotation=text)
            return DictOf(item=inner) if is_artifact(inner) else ValueType(annotation=text)
        if name in _TUPLES:
            if len(arguments) == 2 and isinstance(arguments[1], ast.Constant) and arguments[1].value is Ellipsis:
                inner = self._inside(arguments[0])
                return ObjectType(annotation=text) if is_artifact(inner) else ValueType(annotation=text)
            items = tuple(self._inside(a) for a in arguments)
            return TupleOf(items=items) if any(map(is_artifact, items)) else ValueType(annotation=text)
        return ObjectType(annotation=text, codec=self.codecs.get(name) or _CODECS.get(name, "pickle"))


def _titled(type_: Type, marks: list[ast.expr], text: str) -> Type:
    """`type_` as `Annotated` has it: a plain path may have the type of an artifact as its mark."""
    mark = marks[0].value if marks and isinstance(marks[0], ast.Constant) else None
    if isinstance(type_, FileType) and type_.role == "path" and isinstance(mark, str) and _TITLE.match(mark):
        return type_.model_copy(update={"annotation": text, "title": mark})
    return type_
