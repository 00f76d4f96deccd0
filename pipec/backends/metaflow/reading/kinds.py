"""Annotations for what steps return, where the source leaves no doubt."""

from __future__ import annotations

import ast

ARTIFACT = "object"
CALLS = {
    "len": "int",
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "repr": "str",
    "isinstance": "bool",
}
METHODS = {
    "strip": "str", "lower": "str", "upper": "str", "format": "str", "join": "str", "replace": "str",
    "startswith": "bool", "endswith": "bool",
}  # fmt: skip


def element(kind: str) -> str:
    """`int` of `list[int]`; "" where the annotation is not that of a list, or says nothing of what is in it."""
    match ast.parse(kind, mode="eval").body:
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return "" if ast.unparse(item) == ARTIFACT else ast.unparse(item)
    return ""


def of_all(values: list[ast.expr | None]) -> str | None:
    """The annotation that fits each of several assignments; `None` where one of them can be anything."""
    kinds = {of(value) if value is not None else None for value in values}
    if None in kinds or not kinds:
        return None
    plain = sorted(kind for kind in kinds if kind is not None and kind != "None")
    if len(plain) > 1:
        return None
    if "None" in kinds:
        return f"{plain[0]} | None" if plain else "None"
    return plain[0]


def of(node: ast.expr) -> str | None:
    """The annotation of an expression's value; `None` where it can be anything."""
    match node:
        case ast.Constant(value=value):
            kind = type(value).__name__
            return "None" if value is None else kind if kind in ("int", "float", "str", "bool") else None
        case ast.JoinedStr():
            return "str"
        case ast.UnaryOp(op=ast.Not()):
            return "bool"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return of(operand)
        case ast.Compare(left=left, ops=ops, comparators=others):
            if all(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in ops):
                return "bool" if all(isinstance(op, (ast.Is, ast.IsNot)) for op in ops) else None
            known = [of(one) for one in (left, *others)]
            return "bool" if all(kind in ("int", "float", "str") for kind in known) else None
        case ast.IfExp(body=one, orelse=other):
            return of_all([one, other])
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(of(left), op, of(right))
        case ast.Call():
            return _call(node)
        case ast.List(elts=items):
            return _several("list", items)
        case ast.Tuple(elts=items):
            kinds = [of(item) for item in items]
            return f"tuple[{', '.join(k or '' for k in kinds)}]" if kinds and None not in kinds else None
        case ast.Dict(keys=keys, values=values):
            key, entry = of_all(list(keys)), of_all(list(values))
            return f"dict[{key}, {entry}]" if key and entry else None
        case ast.ListComp(elt=item):
            found = _element(node) or of(item)
            return f"list[{found}]" if found else None
    return None


def _element(node: ast.ListComp) -> str | None:
    """`int` of `[i * 2 for i in range(3)]`."""
    match node.generators[0]:
        case ast.comprehension(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"))):
            parts = list(ast.walk(node.elt))
            names = {n.id for n in parts if isinstance(n, ast.Name)}
            whole = all(type(n.value) is int for n in parts if isinstance(n, ast.Constant))
            if names == {name} and whole and all(isinstance(n, _WHOLE) for n in parts):
                return "int"
    return None


_WHOLE = (
    ast.Name, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.expr_context, ast.Constant,
    ast.UnaryOp, ast.USub,
)  # fmt: skip
"""Of what arithmetic with whole numbers is made."""


def _several(name: str, items: list[ast.expr]) -> str | None:
    if not items:
        return None
    kind = of_all(list(items))
    return f"{name}[{kind}]" if kind else None


def _arithmetic(left: str | None, op: ast.operator, right: str | None) -> str | None:
    numbers = ("int", "float")
    if left in numbers and right in numbers:
        if isinstance(op, ast.Div):
            return "float"
        if isinstance(op, ast.Pow):
            return None
        return "float" if "float" in (left, right) else "int"
    if left == "str" and (isinstance(op, ast.Mod) or (right == "str" and isinstance(op, ast.Add))):
        return "str"
    return None


def _call(node: ast.Call) -> str | None:
    match node.func:
        case ast.Name(id="list" | "sorted") if len(node.args) == 1:
            inner = node.args[0]
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "range":
                return "list[int]"
            kind = of(inner)
            return kind if kind and kind.startswith("list[") else None
        case ast.Name(id=name):
            return CALLS.get(name)
        case ast.Attribute(value=value, attr=attr) if of(value) == "str":
            return METHODS.get(attr)
    return None


def of_keys(keys: list[object]) -> str:
    """The annotation of what a switch with these cases looks at."""
    kinds = {type(key).__name__ for key in keys}
    return kinds.pop() if len(kinds) == 1 else ARTIFACT


def choices(values: list[ast.expr | None]) -> set[object] | None:
    """The constants that the assigned values can be; `None` where they can be anything."""
    found: set[object] = set()
    for value in values:
        match value:
            case ast.Constant(value=constant):
                found.add(constant)
            case ast.IfExp(body=one, orelse=other):
                inner = choices([one, other])
                if inner is None:
                    return None
                found |= inner
            case _:
                return None
    return found
