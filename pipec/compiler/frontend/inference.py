"""Types of pure expressions over artifacts: which operations may touch them, and what comes out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from pipec.ir import VALUE, DictOf, FileType, ListOf, ObjectType, OptionalOf, TupleOf, Type, is_artifact, optional

Lookup = Callable[[str], Type]


class LooksIntoError(Exception):
    """The expression looks into the artifact `node` of type `type`."""

    def __init__(self, node: ast.expr, type_: Type) -> None:
        super().__init__()
        self.node = node
        self.type = type_


def join(first: Type, second: Type) -> Type:
    """The type of a value that is one or the other. A value merged with an artifact becomes an artifact."""
    if first == second:
        return first
    if not is_artifact(first) and not is_artifact(second):
        return VALUE
    match first, second:
        case OptionalOf(), _:
            inner = join(first.item, second.item if isinstance(second, OptionalOf) else second)
            return inner if isinstance(inner, OptionalOf) else OptionalOf(item=inner)
        case _, OptionalOf():
            return join(second, first)
        case FileType(), FileType():
            return FileType()
        case ListOf(), ListOf():
            return ListOf(item=join(first.item, second.item))
        case DictOf(), DictOf():
            return DictOf(item=join(first.item, second.item))
        case TupleOf(), TupleOf() if len(first.items) == len(second.items):
            return TupleOf(items=tuple(map(join, first.items, second.items)))
        case (ListOf(), other) | (other, ListOf()) if not is_artifact(other):
            return first if isinstance(first, ListOf) else second
        case (DictOf(), other) | (other, DictOf()) if not is_artifact(other):
            return first if isinstance(first, DictOf) else second
    codecs = {t.codec for t in (first, second) if isinstance(t, ObjectType)}
    return ObjectType(
        codec=codecs.pop() if len(codecs) == 1 and is_artifact(first) and is_artifact(second) else "pickle"
    )


def list_of(item: Type) -> Type:
    """A list of `item`."""
    return ListOf(item=item) if is_artifact(item) else VALUE


def tuple_of(items: tuple[Type, ...]) -> Type:
    """A tuple of `items`."""
    return TupleOf(items=items) if any(map(is_artifact, items)) else VALUE


def dict_of(item: Type) -> Type:
    """A dict of `item`."""
    return DictOf(item=item) if is_artifact(item) else VALUE


def element(type_: Type) -> Type | None:
    """What iterating over `type_` gives; `None` where it cannot be iterated."""
    match type_:
        case ListOf():
            return type_.item
        case TupleOf():
            result = type_.items[0]
            for item in type_.items[1:]:
                result = join(result, item)
            return result
        case DictOf():
            return VALUE
        case OptionalOf():
            return element(type_.item)
        case _:
            return None if is_artifact(type_) else VALUE


def joined_list(types: list[Type]) -> Type:
    """A list of values of these types."""
    if not any(map(is_artifact, types)):
        return VALUE
    result = types[0]
    for found in types[1:]:
        result = join(result, found)
    return ListOf(item=result)


def bound_types(target: ast.expr, item: Type) -> dict[str, Type]:
    """The types of the names of a loop target; raises `LooksIntoError`."""
    types: dict[str, Type] = {}
    _Inference(lambda name: VALUE).bind(target, item, types)
    return types


def infer(node: ast.expr, lookup: Lookup) -> Type:
    """The type of the pure expression `node`; raises `LooksIntoError`."""
    return _Inference(lookup).type(node, {})


class _Inference:
    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup

    def type(self, node: ast.expr, scope: Mapping[str, Type]) -> Type:
        match node:
            case ast.Name():
                return scope[node.id] if node.id in scope else self.lookup(node.id)
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.List() | ast.Set():
                return self._display(node.elts, scope)
            case ast.Tuple():
                return tuple_of(tuple(self.type(e, scope) for e in node.elts))
            case ast.Dict():
                return self._dict(node, scope)
            case ast.ListComp() | ast.GeneratorExp():
                return list_of(self.type(node.elt, self._generators(node.generators, scope)))
            case ast.DictComp():
                inner = self._generators(node.generators, scope)
                self._plain(node.key, inner)
                return dict_of(self.type(node.value, inner))
            case ast.IfExp():
                self._plain(node.test, scope)
                return join(self.type(node.body, scope), self.type(node.orelse, scope))
            case ast.Compare() if all(isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)) for op in node.ops):
                return self._compare(node, scope)
            case ast.BinOp(op=ast.Add()):
                left, right = self.type(node.left, scope), self.type(node.right, scope)
                if isinstance(left, ListOf) or isinstance(right, ListOf):
                    return join(left, right)
            case ast.Call():
                return self._call(node, scope)
            case ast.Starred():
                return self.type(node.value, scope)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._plain(child, scope)
        return VALUE

    def _plain(self, node: ast.expr, scope: Mapping[str, Type]) -> None:
        found = self.type(node, scope)
        if is_artifact(found):
            raise LooksIntoError(node, found)

    def _subscript(self, node: ast.Subscript, scope: Mapping[str, Type]) -> Type:
        owner = self.type(node.value, scope)
        self._plain(node.slice, scope) if not isinstance(node.slice, ast.Slice) else None
        match owner:
            case ListOf():
                return owner if isinstance(node.slice, ast.Slice) else owner.item
            case DictOf():
                return owner.item
            case TupleOf():
                index = node.slice
                if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub):
                    index = index.operand
                    if (
                        isinstance(index, ast.Constant)
                        and isinstance(index.value, int)
                        and 0 < index.value <= len(owner.items)
                    ):
                        return owner.items[-index.value]
                elif (
                    isinstance(index, ast.Constant) and isinstance(index.value, int) and index.value < len(owner.items)
                ):
                    return owner.items[index.value]
                return element(owner) or VALUE
        if is_artifact(owner):
            raise LooksIntoError(node.value, owner)
        return VALUE

    def _display(self, nodes: list[ast.expr], scope: Mapping[str, Type]) -> Type:
        types: list[Type] = []
        for node in nodes:
            found = self.type(node, scope)
            types.append((element(found) or found) if isinstance(node, ast.Starred) else found)
        return joined_list(types)

    def _dict(self, node: ast.Dict, scope: Mapping[str, Type]) -> Type:
        types: list[Type] = []
        for key, value in zip(node.keys, node.values):
            found = self.type(value, scope)
            if key is None:
                found = found.item if isinstance(found, DictOf) else found
            else:
                self._plain(key, scope)
            types.append(found)
        listed = joined_list(types)
        return DictOf(item=listed.item) if isinstance(listed, ListOf) else VALUE

    def _generators(self, generators: list[ast.comprehension], scope: Mapping[str, Type]) -> Mapping[str, Type]:
        inner = dict(scope)
        for generator in generators:
            items = self.type(generator.iter, inner)
            item = element(items)
            if item is None:
                raise LooksIntoError(generator.iter, items)
            self.bind(generator.target, item, inner)
            for condition in generator.ifs:
                self._plain(condition, inner)
        return inner

    def bind(self, target: ast.expr, item: Type, scope: dict[str, Type]) -> None:
        """Give the names of a target their types."""
        match target:
            case ast.Name():
                scope[target.id] = item
            case ast.Tuple() | ast.List():
                items = item.items if isinstance(item, TupleOf) else None
                if items is not None and len(items) == len(target.elts):
                    for inner, type_ in zip(target.elts, items):
                        self.bind(inner, type_, scope)
                    return
                part = element(item)
                if part is None:
                    raise LooksIntoError(target, item)
                for inner in target.elts:
                    self.bind(inner, part, scope)
            case ast.Starred():
                self.bind(target.value, list_of(item), scope)

    def _compare(self, node: ast.Compare, scope: Mapping[str, Type]) -> Type:
        nodes = [node.left, *node.comparators]
        with_none_only = all(isinstance(n, ast.Constant) and n.value is None for n in nodes[1:])
        for operand in nodes:
            found = self.type(operand, scope)
            if is_artifact(found) and not with_none_only:
                raise LooksIntoError(operand, found)
        return VALUE

    def _call(self, node: ast.Call, scope: Mapping[str, Type]) -> Type:
        types = [self.type(a, scope) for a in node.args]
        if isinstance(node.func, ast.Attribute):
            owner = self.type(node.func.value, scope)
            if isinstance(owner, DictOf):
                return self._dict_method(node, owner, types)
            if is_artifact(owner):
                raise LooksIntoError(node.func.value, owner)
        elif isinstance(node.func, ast.Name) and any(map(is_artifact, types)):
            return self._builtin(node, node.func.id, types, scope)
        for argument, found in zip(node.args, types):
            if is_artifact(found):
                raise LooksIntoError(argument, found)
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Lambda):
                self._lambda(keyword.value, VALUE, scope)
            else:
                self._plain(keyword.value, scope)
        return VALUE

    def _dict_method(self, node: ast.Call, owner: DictOf, types: list[Type]) -> Type:
        assert isinstance(node.func, ast.Attribute)
        match node.func.attr:
            case "items":
                return list_of(tuple_of((VALUE, owner.item)))
            case "values":
                return list_of(owner.item)
            case "get":
                return join(owner.item, types[1]) if len(types) > 1 else optional(owner.item)
            case _:
                return VALUE

    def _builtin(self, node: ast.Call, name: str, types: list[Type], scope: Mapping[str, Type]) -> Type:
        first = types[0]
        item = element(first)
        match name:
            case "len" if item is not None:
                return VALUE
            case "list" | "reversed" if item is not None:
                return list_of(item)
            case "tuple" if item is not None:
                return first if isinstance(first, TupleOf) else list_of(item)
            case "enumerate" if item is not None:
                return list_of(tuple_of((VALUE, item)))
            case "zip" if all(element(t) is not None for t in types):
                return list_of(tuple_of(tuple(element(t) or VALUE for t in types)))
            case "dict" if isinstance(first, DictOf):
                return first
            case "dict" if isinstance(item, TupleOf) and len(item.items) == 2:
                return dict_of(item.items[1])
            case "sorted" | "max" | "min" if item is not None and len(types) == 1:
                key = next((k.value for k in node.keywords if k.arg == "key"), None)
                if isinstance(key, ast.Lambda):
                    self._lambda(key, item, scope)
                    return list_of(item) if name == "sorted" else item
        bad = next(i for i, t in enumerate(types) if is_artifact(t))
        raise LooksIntoError(node.args[bad], types[bad])

    def _lambda(self, node: ast.Lambda, item: Type, scope: Mapping[str, Type]) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self._plain(default, scope)
        positional = [*node.args.posonlyargs, *node.args.args]
        others = (*positional[1:], *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
        inner = {**scope, **{a.arg: VALUE for a in others if a is not None}, **{a.arg: item for a in positional[:1]}}
        self._plain(node.body, inner)
