"""Where a file reads its configs: constants in decorators and class bodies, subscripts in methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from pipec.compiler.pysource.text import python

if TYPE_CHECKING:
    from pipec.backends.metaflow.reading.configs import Config
    from pipec.backends.metaflow.reading.syntax import Imported

METHODS = frozenset({"get", "keys", "items", "values", "to_dict", "copy"})
"""Methods of a config; a dict has all but `to_dict`."""
LOOKS = frozenset(
    {"bool", "dict", "isinstance", "len", "list", "print", "repr", "set", "sorted", "str", "tuple", "type"}
)
"""Calls that see no difference between a config and a dict."""
ABSENT: Final = object()


def rewritten(
    text: str, known: Mapping[str, Mapping[str, Config]], imported: Imported
) -> tuple[str, dict[tuple[str, str], tuple[int, int, int]]]:
    """The text of a file with the values of configs, whose lines are where they were; and where parts are handed on.

    `known`: class -> name -> config, inherited ones included. The places are line, column and width, by class and name
    of the config.
    """
    wrapper = MetadataWrapper(cst.parse_module(text))
    visitor = _Rewriter(known, imported)
    return wrapper.visit(visitor).code, visitor.whole


class _Rewriter(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, known: Mapping[str, Mapping[str, Config]], imported: Imported) -> None:
        super().__init__()
        self.known = known
        self.imported = imported
        self.configs: Mapping[str, Config] = {}
        self.flow = ""
        """What the method calls the flow; "" in the class body and in decorators."""
        self.above: list[cst.CSTNode] = []
        self.whole: dict[tuple[str, str], tuple[int, int, int]] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Keep track of what is around, and of what the names mean there."""
        match node:
            case cst.ClassDef() if not self.configs:
                self.configs = self.known.get(node.name.value, {})
            case cst.IndentedBlock() if self._is_method():
                method = self.above[-1]
                assert isinstance(method, cst.FunctionDef)
                first = [*method.params.posonly_params, *method.params.params][:1]
                self.flow = first[0].name.value if first else " "
        self.above.append(node)
        return True

    def on_leave(self, original: cst.CSTNode, updated: Any) -> Any:
        """Put values and subscripts in the places of attributes."""
        self.above.pop()
        match original:
            case cst.ClassDef() if not any(isinstance(n, cst.ClassDef) for n in self.above):
                self.configs = {}
            case cst.IndentedBlock() if self._is_method():
                self.flow = ""
            case cst.IndentedBlock() if self.configs and self.above and isinstance(self.above[-1], cst.ClassDef):
                return self._members(updated, self.above[-1].name.value)
            case cst.BaseExpression() if self.configs:
                return self._expression(original, updated)
        return updated

    def _is_method(self) -> bool:
        return (
            bool(self.configs)
            and isinstance(self.above[-1] if self.above else None, cst.FunctionDef)
            and isinstance(self.above[-3] if len(self.above) > 2 else None, cst.ClassDef)
        )

    def _members(self, block: cst.IndentedBlock, owner: str) -> cst.IndentedBlock:
        """The class body with a constant for each config, and an empty line for each that its call had more."""
        body: list[cst.BaseStatement] = []
        gone = 0
        for statement in block.body:
            if gone and isinstance(statement, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
                empty = [cst.EmptyLine(indent=False) for _ in range(gone)]
                statement = statement.with_changes(leading_lines=[*empty, *statement.leading_lines])
            gone = 0
            found = self._config(statement, owner)
            if found is not None:
                assert isinstance(statement, cst.SimpleStatementLine)
                gone = cst.Module([statement.with_changes(leading_lines=[])]).code.count("\n") - 1
                text = f"{found.name} = {python(found.value)}"
                statement = statement.with_changes(body=cst.parse_module(text).body[0].body)
            body.append(statement)
        footer = [*(cst.EmptyLine(indent=False) for _ in range(gone)), *block.footer]
        return block.with_changes(body=body, footer=footer)

    def _config(self, statement: cst.BaseStatement, owner: str) -> Config | None:
        match statement:
            case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(cst.Name(name))])]):
                pass
            case cst.SimpleStatementLine(body=[cst.AnnAssign(target=cst.Name(name))]):
                pass
            case _:
                return None
        found = self.configs.get(name)
        return found if found is not None and found.owner == owner else None

    def _expression(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        match original, updated:
            case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name("to_dict"))), cst.Call(
                func=cst.Attribute(value)
            ):
                if self.flow and self._values(inner) is not None:
                    return cst.Call(cst.Name("dict"), [cst.Arg(value)])
        values = None if self._only_names(original) else self._values(original)
        if values is None:
            return updated
        if not self.flow:
            (value, *more) = values
            return updated if more or value is ABSENT else cst.parse_expression(python(value))
        if not self._only_looked_at(original, values):
            self._note(original)
        if isinstance(updated, cst.Attribute) and self._base(original) is None:
            quote = "'" if self._quote() == '"' else '"'
            index = cst.Index(cst.SimpleString(f"{quote}{updated.attr.value}{quote}"))
            return cst.Subscript(updated.value, [cst.SubscriptElement(index)])
        return updated

    def _base(self, node: cst.BaseExpression) -> Config | None:
        """The config that an expression is: `self.cfg` in a method, `cfg` in the class body."""
        match node:
            case cst.Attribute(value=cst.Name(owner), attr=cst.Name(name)) if self.flow and owner == self.flow:
                return self.configs.get(name)
            case cst.Name(name) if not self.flow:
                return self.configs.get(name)
        return None

    def _values(self, node: cst.BaseExpression) -> list[Any] | None:
        """What an expression may be that looks into a config; `None` where it is about none."""
        if (found := self._base(node)) is not None:
            return [found.value]
        match node:
            case cst.Attribute(value=inner, attr=cst.Name(key)) if key not in METHODS:
                values = self._values(inner)
                return None if values is None else [_part(value, key) for value in values]
            case cst.Subscript(value=inner, slice=[cst.SubscriptElement(cst.Index(index))]):
                values = self._values(inner)
                return None if values is None else _parts(values, index)
            case cst.Call(func=func, args=[cst.Arg(cst.SimpleString() as text)]) if not self.flow:
                word = self.imported.names.get(func.value) if isinstance(func, cst.Name) else None
                if word == "config_expr":
                    try:
                        return self._values(cst.parse_expression(str(text.evaluated_value)))
                    except cst.ParserSyntaxError:
                        return None
        return None

    def _only_names(self, node: cst.BaseExpression) -> bool:
        """Whether a name stands there for itself: of an attribute, an argument, or what is assigned to."""
        parent = self.above[-1]
        match parent:
            case cst.Attribute():
                return parent.attr is node
            case cst.Arg():
                return parent.keyword is node
        return isinstance(parent, (cst.AssignTarget, cst.Param, cst.FunctionDef, cst.ClassDef))

    def _only_looked_at(self, node: cst.BaseExpression, values: list[Any]) -> bool:
        """Whether what is done with any of the values is the same for a config and a dict."""
        if not any(map(_has_parts, values)):
            return True
        parent, around = self.above[-1], self.above[-2]
        match parent:
            case cst.Attribute(attr=cst.Name("get")) if isinstance(around, cst.Call) and around.args:
                return not any(map(_has_parts, _parts(values, around.args[0].value)))
            case cst.Attribute(attr=cst.Name("get" | "items" | "values" | "copy")):
                return not any(
                    _has_parts(part) for value in values if isinstance(value, dict) for part in value.values()
                )
            case cst.Attribute() | cst.Subscript():
                return parent.value is node
            case cst.FormattedStringExpression() | cst.Comparison() | cst.ComparisonTarget() | cst.BinaryOperation():
                return True
            case cst.If() | cst.BooleanOperation() | cst.UnaryOperation():
                return True
            case cst.Arg() if isinstance(around, cst.Call):
                match around.func:
                    case cst.Name(name):
                        return name in LOOKS
                    case cst.Attribute(value=cst.Name("json"), attr=cst.Name("dumps" | "dump")):
                        return True
        return False

    def _note(self, node: cst.BaseExpression) -> None:
        inner = node
        while (found := self._base(inner)) is None and isinstance(inner, (cst.Attribute, cst.Subscript)):
            inner = inner.value
        if found is not None:
            place = self.get_metadata(PositionProvider, node)
            width = place.end.column - place.start.column if place.end.line == place.start.line else 0
            key = (found.owner, found.name)
            self.whole.setdefault(key, (place.start.line, place.start.column + 1, width))

    def _quote(self) -> str:
        """The quote of the string around, which older Pythons do not take inside of it."""
        found = next((n for n in reversed(self.above) if isinstance(n, cst.FormattedString)), None)
        return "" if found is None else found.start[-1]


def _part(value: Any, key: object) -> Any:
    if not isinstance(value, (dict, list)):
        return ABSENT
    try:
        return value[key]  # type: ignore[call-overload]
    except (LookupError, TypeError):
        return ABSENT


def _parts(values: list[Any], index: cst.BaseExpression) -> list[Any]:
    """What a subscript may give: of each value the part of that name, or any part where the name is computed."""
    if isinstance(index, (cst.SimpleString, cst.Integer)):
        return [_part(value, index.evaluated_value) for value in values]
    inner = [
        value.values() if isinstance(value, dict) else value for value in values if isinstance(value, (dict, list))
    ]
    return [part for parts in inner for part in parts] or [ABSENT]


def _has_parts(value: Any) -> bool:
    """Whether something can be read of a value by `.key`."""
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_has_parts, value)))
