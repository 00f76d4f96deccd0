"""What is known while a DAG file is followed."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field

from pipec.backends.airflow.reading.scope import Scope, Writer
from pipec.backends.airflow.reading.values import Arg, Dag, Function, Group, Refusal, Task
from pipec.compiler.reading import Source

BUDGET = 200_000
"""How many expressions are evaluated in one file at most."""
DEPTH = 40
"""How deep functions of the file may call one another."""


@dataclass(eq=False)
class Context:
    """`with` a setup or teardown task: the tasks that are made in it."""

    owner: list[Task]
    tasks: list[Task] = field(default_factory=list)


@dataclass(eq=False)
class State:
    """One file that is followed."""

    source: Source
    tree: ast.Module
    module: Scope
    counts: Counter[str]
    """How often each name is bound at the top level, `with` and `if` blocks included."""
    writer: Writer = field(init=False)
    dags: list[Dag] = field(default_factory=list)
    current: list[Dag] = field(default_factory=list)
    groups: list[Group | None] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    problems: list[Refusal] = field(default_factory=list)
    """What hides whole DAGs."""
    imports: list[str] = field(default_factory=list)
    functions: dict[int, Function] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    """Names at the top level of the result."""
    budget: int = BUDGET
    depth: int = 0
    pure: bool = False
    """Nothing may be made now: an expression is only looked at."""

    @property
    def dag(self) -> Dag | None:
        """The DAG whose `with` block or function is followed."""
        return self.current[-1] if self.current else None

    @property
    def group(self) -> Group | None:
        """The task group that is followed."""
        return self.groups[-1] if self.groups else None

    def spend(self, node: ast.AST) -> None:
        """Count one evaluation."""
        self.budget -= 1
        if self.budget < 0:
            raise Refusal(node, "this file", "it takes too many steps to follow")

    def arg(self, node: ast.expr, value: object, scope: Scope) -> Arg:
        """`node`, which stands for `value`, as an argument."""
        return Arg(value, self.writer.text(node, scope), node)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or a name near it that is free at the top level; taken from now on."""
        name, n = wanted, 1
        while name in self.names:
            n += 1
            name = f"{wanted}_{n}"
        self.names.add(name)
        return name


def counted(tree: ast.Module) -> Counter[str]:
    """How often each name is bound by the statements of the module itself."""
    found: Counter[str] = Counter()
    _count(tree.body, found, 1)
    return found


def _count(body: list[ast.stmt], found: Counter[str], weight: int) -> None:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[node.name] += weight
            continue
        inner = 2 if isinstance(node, (ast.For, ast.While)) else weight
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                _count([child], found, inner)
            elif isinstance(child, ast.ExceptHandler):
                _count(child.body, found, 0)
            else:
                for one in ast.walk(child):
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                        found[one.id] += inner
                    elif isinstance(one, ast.alias):
                        found[(one.asname or one.name).split(".")[0]] += weight
