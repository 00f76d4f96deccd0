"""A function of the file that is read: its signature, and where its names are looked up."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl.problems import Unknown, refused
from pipec.compiler.reading import Source
from pipec.ir import Span

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.scope import Scope


@dataclass(frozen=True)
class SignatureParameter:
    """One parameter."""

    name: str
    annotation: ast.expr | None
    kind: str
    """"positional", "keyword", "args" or "kwargs"."""
    span: Span


@dataclass(eq=False)
class Function:
    """A `def` or a `lambda`."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope
    """Where it was defined."""
    source: Source
    defaults: dict[str, Any] = field(default_factory=dict)
    """Parameter -> its default, or why that is not known."""
    evaluate: Callable[[ast.expr, Scope], Any] = field(repr=False, default=lambda node, scope: None)
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As it is written."""
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "<lambda>"

    @property
    def first_line(self) -> int:
        """Of its decorators, or its `def`."""
        decorators = self.node.decorator_list if isinstance(self.node, ast.FunctionDef) else []
        return min([self.node.lineno, *(one.lineno for one in decorators)])

    @property
    def doc(self) -> str | None:
        """Its docstring, as it is written."""
        return ast.get_docstring(self.node, clean=False) if isinstance(self.node, ast.FunctionDef) else None

    @property
    def span(self) -> Span:
        """Of its `def` line."""
        if isinstance(self.node, ast.Lambda):
            return self.source.span(self.node)
        width = len(self.source.lines[self.node.lineno - 1].strip())
        return self.source.at(self.node.lineno, self.node.col_offset + 1, width)

    @cached_property
    def parameters(self) -> dict[str, SignatureParameter]:
        """By name, in order."""
        arguments = self.node.args
        groups: list[tuple[str, list[ast.arg]]] = [
            ("positional", [*arguments.posonlyargs, *arguments.args]),
            ("args", [arguments.vararg] if arguments.vararg else []),
            ("keyword", arguments.kwonlyargs),
            ("kwargs", [arguments.kwarg] if arguments.kwarg else []),
        ]
        return {
            one.arg: SignatureParameter(one.arg, one.annotation, kind, self.source.span(one))
            for kind, group in groups
            for one in group
        }

    def annotation(self, name: str) -> Any:
        """The value of an annotation; refused where there is none."""
        parameter = self.parameters[name]
        if parameter.annotation is None:
            raise refused(f"`{name}` of `{self.name}`", "it has no annotation").at(parameter.span)
        return self._annotated(parameter.annotation)

    @property
    def returns(self) -> Any:
        """The value of the annotation of its result."""
        node = self.node.returns if isinstance(self.node, ast.FunctionDef) else None
        return inspect.Parameter.empty if node is None else self._annotated(node)

    def default(self, name: str) -> Any:
        """The default of a parameter, or `inspect.Parameter.empty`."""
        value = self.defaults.get(name, inspect.Parameter.empty)
        if isinstance(value, Unknown):
            raise value.problem
        return value

    def _annotated(self, node: ast.expr) -> Any:
        """With `from __future__ import annotations`, annotations are texts."""
        return ast.unparse(node) if self.scope.module.annotations_are_texts else self.evaluate(node, self.scope)
