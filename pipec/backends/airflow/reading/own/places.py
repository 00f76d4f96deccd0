"""Names of the pipeline's variables: unique while it is made, and short in the end."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from dataclasses import dataclass, field

from pipec.backends.airflow.reading.own.blocks import Block, every, expressions, rename
from pipec.backends.airflow.reading.own.glue import name

_NUMBERED = re.compile(r"(.*?)(?:_\d+)*_?")


@dataclass
class Names:
    """The variables of one pipeline."""

    reserved: set[str]
    wanted: dict[str, str] = field(default_factory=dict)
    """Token -> the name that it would have."""
    same: dict[str, str] = field(default_factory=dict)
    """Token -> token of the same variable."""

    def new(self, wanted: str) -> ast.Name:
        """A variable."""
        token = f"variable_{len(self.wanted)}_of_pipec"
        self.wanted[token] = wanted
        return name(token)

    def unite(self, token: str, other: str) -> bool:
        """Let `token` be the variable `other`; `False` where it is another one already."""
        if token not in self.wanted or token in self.same or self.root(other) == token:
            return False
        self.same[token] = other
        return True

    def root(self, token: str) -> str:
        """The token that stands for the variable of `token`."""
        while token in self.same:
            token = self.same[token]
        return token

    def one_each(self, block: Block) -> None:
        """Let every variable have one token."""
        rename(block, {token: self.root(token) for token in self.same})

    def settle(self, block: Block) -> None:
        """Give all variables their final names."""
        seen: dict[str, None] = {}
        hidden: dict[str, set[str]] = {}
        for item in every(block):
            for expression in expressions(item):
                for node in ast.walk(expression):
                    if isinstance(node, ast.Name) and node.id in self.wanted:
                        seen.setdefault(node.id)
                    self._hidden(node, hidden)
        final: dict[str, str] = {}
        taken = set(self.reserved)
        for token in seen:
            final[token] = self._free(self.wanted[token], taken | hidden.get(token, set()))
            taken.add(final[token])
        rename(block, final)

    def _hidden(self, node: ast.AST, hidden: dict[str, set[str]]) -> None:
        """Which names a variable must not have, because a comprehension that reads it binds them."""
        if isinstance(node, ast.Lambda):
            own = {a.arg for a in node.args.args}
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        else:
            return
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in self.wanted:
                hidden.setdefault(inner.id, set()).update(own)

    @staticmethod
    def _free(wanted: str, taken: set[str]) -> str:
        if wanted == "_":
            return wanted
        match = _NUMBERED.fullmatch(wanted)
        base = (match[1] if match else "") or wanted.strip("_") or "value"
        n, found = 1, base
        while found in taken or keyword.iskeyword(found) or hasattr(builtins, found):
            n += 1
            found = f"{base}_{n}"
        return found
