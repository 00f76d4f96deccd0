"""A call that is evaluated, as the functions of the library see it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pipec.backends.kfp.reading.dsl.problems import Unknown, refused
from pipec.ir import NOWHERE, Span

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.groups import Recorder
    from pipec.backends.kfp.reading.dsl.machine import Machine
    from pipec.backends.kfp.reading.dsl.scope import Scope


@dataclass
class Call:
    """One call."""

    machine: Machine
    scope: Scope
    args: list[Any]
    kwargs: dict[str, Any]
    span: Span = NOWHERE
    node: ast.Call | None = None
    spans: dict[str, Span] = field(default_factory=dict)
    """Keyword -> where its value stands."""

    @property
    def recorder(self) -> Recorder | None:
        """The pipeline that is being built, if one is."""
        return self.machine.recorder

    def take(self, function: str, *names: str, required: int = 0, lenient: bool = False) -> dict[str, Any]:
        """The arguments by the names of the parameters; the first `required` of them must be there."""
        if len(self.args) > len(names):
            raise refused(f"`{function}`", f"it takes {len(names)} arguments")
        taken = dict(zip(names, self.args))
        for name, value in self.kwargs.items():
            if name not in names and not lenient:
                raise refused(f"`{function}`", f"it has no parameter `{name}`").at(self.spans.get(name, self.span))
            taken[name] = value
        for name in names[:required]:
            if name not in taken:
                raise refused(f"`{function}`", f"its argument `{name}` is missing")
        for value in taken.values():
            if isinstance(value, Unknown) and not lenient:
                raise value.problem
        return taken


Native: TypeAlias = "Callable[[Call], Any]"
"""A function of a library, as far as it decides what a pipeline is."""
