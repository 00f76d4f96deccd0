"""What a join takes from its inputs."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from pipec.backends.metaflow.reading.flows import Member
from pipec.backends.metaflow.reading.syntax import attribute_of, literal


@dataclass(frozen=True)
class Wanted:
    """One artifact of the inputs."""

    kind: Literal["all", "branch", "at", "items"]
    """Of all inputs, as a list; of the branch or the input called `key`; or the list of the foreach itself."""
    attr: str = ""
    key: str | int = ""


@dataclass
class Inputs:
    """How a join uses its inputs."""

    wanted: dict[Wanted, ast.AST] = field(default_factory=dict)
    whole: list[ast.AST] = field(default_factory=list)
    """Uses of the inputs as objects, which are no plain look at an attribute."""
    named: bool = False
    """`inputs.a` is used."""
    counted: bool = False
    """`len(inputs)` is used."""


class _Parents(ast.NodeVisitor):
    def __init__(self) -> None:
        self.of: dict[ast.AST, ast.AST] = {}

    def generic_visit(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self.of[child] = node
        super().generic_visit(node)


def inputs(member: Member) -> Inputs:
    """Look at the body of a join."""
    name = member.inputs_name
    assert name is not None
    parents = _Parents()
    parents.visit(member.function)
    found = Inputs()
    for node in ast.walk(member.function):
        if isinstance(node, ast.Name) and node.id == name:
            _classify(node, parents.of, member, found)
    return found


def _classify(node: ast.Name, parents: dict[ast.AST, ast.AST], member: Member, found: Inputs) -> None:
    parent = parents[node]
    above = parents.get(parent)
    match parent:
        case ast.Attribute(attr=branch):
            found.named = True
            if isinstance(above, ast.Attribute) and isinstance(above.ctx, ast.Load):
                found.wanted.setdefault(Wanted("branch", above.attr, branch), above)
                return
        case ast.Subscript(slice=index):
            known, value = literal(index)
            if known and type(value) is int and isinstance(above, ast.Attribute) and isinstance(above.ctx, ast.Load):
                found.wanted.setdefault(Wanted("at", above.attr, value), above)
                return
        case ast.Call(func=ast.Name(id="len")):
            found.counted = True
            return
        case ast.Call() if attribute_of(parent.func, member.self_name) == "merge_artifacts":
            return
        case ast.Call(func=ast.Name(id="enumerate")) if above is not None and parent.args == [node]:
            if _loop(above, parent, parents, member, found):
                return
        case ast.comprehension() | ast.For():
            if _loop(parent, node, parents, member, found):
                return
    found.whole.append(node)


def _loop(owner: ast.AST, iterated: ast.expr, parents: dict[ast.AST, ast.AST], member: Member, found: Inputs) -> bool:
    """`for i in inputs`, whose variable is only looked at by `i.x`."""
    if not isinstance(owner, (ast.comprehension, ast.For)) or owner.iter is not iterated:
        return False
    variable = loop_variable(owner.target, isinstance(iterated, ast.Call))
    if variable is None:
        return False
    scope = parents[owner] if isinstance(owner, ast.comprehension) else owner
    uses = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == variable and isinstance(n.ctx, ast.Load)]
    stores = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == variable and n not in uses]
    looks = [parents[n] for n in uses]
    if len(stores) != 1 or not all(isinstance(p, ast.Attribute) and isinstance(p.ctx, ast.Load) for p in looks):
        return False
    if isinstance(owner, ast.For) and _used_elsewhere(variable, owner, member, parents):
        return False
    for look in looks:
        assert isinstance(look, ast.Attribute)
        found.wanted.setdefault(Wanted("all", look.attr), look)
    return bool(looks)


def _used_elsewhere(variable: str, owner: ast.For, member: Member, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether the variable of a `for` is also read outside of it and of other loops over the inputs."""
    for node in ast.walk(member.function):
        if isinstance(node, ast.Name) and node.id == variable:
            at: ast.AST | None = node
            while at is not None and not isinstance(
                at, (ast.For, ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)
            ):
                at = parents.get(at)
            if at is None:
                return True
    return False


def loop_variable(target: ast.expr, enumerated: bool) -> str | None:
    """The name of the input in `for i in inputs` or `for n, i in enumerate(inputs)`."""
    if enumerated:
        match target:
            case ast.Tuple(elts=[ast.Name(), ast.Name(id=name)]):
                return name
        return None
    return target.id if isinstance(target, ast.Name) else None


def as_wiring(member: Member, wanted: Inputs | None, methods: set[str]) -> list[tuple[str, Wanted | str]] | None:
    """A body that only gives names to what is there: artifact -> what it is. `None` for a body that does more."""
    found: list[tuple[str, Wanted | str]] = []
    for statement in member.body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                continue
            case ast.Expr(value=ast.Call(func=function)) if attribute_of(function, member.self_name) in (
                "next",
                "merge_artifacts",
            ):
                continue
            case ast.Assign(targets=[target], value=value):
                name, source = attribute_of(target, member.self_name), _source(value, member)
                if name is None or source is None or name in methods or source in methods:
                    return None
                found.append((name, source))
            case _:
                return None
    return found


def _source(value: ast.expr, member: Member) -> Wanted | str | None:
    name = member.inputs_name
    own = attribute_of(value, member.self_name)
    if own is not None:
        return own
    match value:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=owner), attr=branch), attr=attr) if owner == name:
            return Wanted("branch", attr, branch)
        case ast.Attribute(value=ast.Subscript(value=ast.Name(id=owner), slice=index), attr=attr) if owner == name:
            known, key = literal(index)
            return Wanted("at", attr, key) if known and isinstance(key, int) else None
        case ast.ListComp(
            elt=ast.Attribute(value=ast.Name(id=item), attr=attr),
            generators=[ast.comprehension(target=ast.Name(id=variable), iter=ast.Name(id=owner), ifs=[])],
        ) if owner == name and item == variable:
            return Wanted("all", attr)
    return None
