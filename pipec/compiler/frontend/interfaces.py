"""What a declared step takes and gives: `inputs={"rows": int}, outputs={"model": Model}`."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass

from pipec.compiler.frontend.annotations import Annotations
from pipec.compiler.frontend.declared import argument, entries
from pipec.ir import FileType, ListOf, OptionalOf, Port, Type, ValueType, is_shown


@dataclass
class Interface:
    """Reads the inputs and outputs of one declaration."""

    annotations: Annotations
    call: ast.Call
    wrong: Callable[[ast.AST, str], None]
    """Reports what is wrong with a node."""
    lists: bool = False
    """Whether an input may be a list of files."""
    unread: bool = False
    """Some of the inputs or outputs cannot be known."""

    def types(self, which: str) -> dict[str, Type]:
        """Name -> type, of the "inputs" or the "outputs"."""
        node = argument(self.call, which)
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return {}
        found = entries(self.call, which)
        if not isinstance(node, ast.Dict) or len(found) != len(node.keys):
            self.wrong(node, f"has `{which}` that are not written out, as in `{which}={{'rows': int}}`")
            self.unread = True
            return {}
        types: dict[str, Type] = {}
        for name, place, annotation in found:
            if not name.isidentifier() or keyword.iskeyword(name):
                self.wrong(place, f"has {name!r} in its `{which}`, which is no name")
            elif name in types:
                self.wrong(place, f"has {name!r} twice in its `{which}`")
            type_ = types[name] = self.annotations.type(annotation)
            if isinstance(type_, ValueType) and is_shown(type_) and which == "outputs":
                self.wrong(annotation, f"cannot show metrics: write `dict{'[str, float]' if type_.metrics else ''}`")
            elif not self._fits(type_, which):
                text = ast.unparse(annotation)
                self.wrong(annotation, f"takes and gives values and files, and {name!r} is neither: `{text}`")
        return types

    def _fits(self, type_: Type, which: str) -> bool:
        if self.lists and which == "inputs" and isinstance(type_, (ListOf, OptionalOf)):
            return isinstance(type_.item, FileType)
        return isinstance(type_, (ValueType, FileType))

    def apart(self, inputs: dict[str, Type], outputs: dict[str, Type]) -> None:
        """Report names that are both."""
        for name in outputs:
            if name in inputs:
                self.wrong(self.key("outputs", name), f"has {name!r} as input and as output")

    def key(self, which: str, name: str) -> ast.expr:
        """Where a name stands."""
        return next(place for found, place, _ in entries(self.call, which) if found == name)

    def ports(self, inputs: dict[str, Type]) -> tuple[Port, ...]:
        """The inputs as parameters; one that takes `None` may be left out."""
        texts = {name: ast.unparse(annotation) for name, _, annotation in entries(self.call, "inputs")}
        return tuple(Port(name=n, required=not _takes_none(t), annotation=texts[n]) for n, t in inputs.items())


def _takes_none(type_: Type) -> bool:
    text = getattr(type_, "annotation", "")
    return isinstance(type_, OptionalOf) or bool(re.search(r"\bNone\b|\bOptional\[", text))
