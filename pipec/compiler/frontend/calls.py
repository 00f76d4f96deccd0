"""Arguments of a call bound to the parameters of a step or pipeline, as Python binds them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pipec.ir import Port


class BindError(Exception):
    """The call does not fit; the text says how."""


def ports(node: ast.FunctionDef) -> tuple[Port, ...]:
    """The parameters of a function."""
    return tuple(_ports(node.args))


def _ports(arguments: ast.arguments) -> Iterator[Port]:
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    for i, argument in enumerate(positional):
        yield Port(name=argument.arg, required=i < required, annotation=_text(argument))
    if arguments.vararg:
        yield Port(name=arguments.vararg.arg, kind="var_positional", required=False, annotation=_text(arguments.vararg))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        yield Port(name=argument.arg, kind="keyword", required=default is None, annotation=_text(argument))
    if arguments.kwarg:
        yield Port(name=arguments.kwarg.arg, kind="var_keyword", required=False, annotation=_text(arguments.kwarg))


def _text(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation else ""


def defaults(node: ast.FunctionDef) -> dict[str, ast.expr]:
    """Parameter -> default expression."""
    positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    found = dict(zip(positional[len(positional) - len(node.args.defaults) :], node.args.defaults))
    return found | {a.arg: d for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults) if d is not None}


def bind(
    ports: tuple[Port, ...], args: list[ast.expr], keywords: list[tuple[str, ast.expr]], positional_only: int = 0
) -> dict[str, ast.expr]:
    """Port (or "*xs.0") -> argument, in the order of the call; raises `BindError`."""
    positional = [p.name for p in ports if p.kind == "positional"]
    by_name = {p.name for p in ports if p.kind in ("positional", "keyword")} - set(positional[:positional_only])
    star = next((p.name for p in ports if p.kind == "var_positional"), None)
    rest = next((p.name for p in ports if p.kind == "var_keyword"), None)
    bound: dict[str, ast.expr] = {}
    for i, argument in enumerate(args):
        if i < len(positional):
            bound[positional[i]] = argument
        elif star:
            bound[f"*{star}.{i - len(positional)}"] = argument
        else:
            takes = f"{len(positional)} positional argument" + ("" if len(positional) == 1 else "s")
            raise BindError(f"takes {takes}, and {len(args)} are given")
    for name, argument in keywords:
        if name in bound:
            raise BindError(f"gets {name!r} twice")
        if name not in by_name and not rest:
            raise BindError(f"has no parameter {name!r}")
        bound[name] = argument
    missing = [p.name for p in ports if p.required and p.name not in bound]
    if missing:
        raise BindError(f"misses {', '.join(map(repr, missing))}")
    return bound
