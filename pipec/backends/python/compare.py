"""Whether two results are the same: exactly for plain values, by their own equality or by their state for objects."""

from __future__ import annotations

import itertools
import math
import types
from collections.abc import Iterator
from enum import Enum
from typing import Any

from pipec.compiler.backend.results import FileResult

Found = tuple[str, str, str]
"""Path inside the value, what is expected there, and what is there."""

_PLAIN = (int, str, bytes, type(None))
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)
_LIMIT = 10


def differences(expected: Any, actual: Any) -> list[Found]:
    """Where `actual` differs from `expected`; at most ten places."""
    return list(itertools.islice(_Comparison().values(expected, actual, ""), _LIMIT))


def shown(value: Any) -> str:
    """`value` with its type where that is no plain value, in a line that is not too long."""
    try:
        text = repr(value)
    except Exception as error:  # the user's class may fail in any way
        text = f"<repr fails: {error}>"
    text = " ".join(text.split())
    text = text if len(text) <= 200 else text[:197] + "..."
    kind = type(value)
    return (
        text
        if kind in (int, float, str, bool, type(None), list, tuple, dict, set, bytes)
        else f"{text} ({kind.__qualname__})"
    )


class _Comparison:
    def __init__(self) -> None:
        self._open: set[tuple[int, int]] = set()
        self._kept: list[Any] = []  # so that ids stay valid

    def values(self, a: Any, b: Any, path: str) -> Iterator[Found]:
        if a is b:
            return
        if type(a) is not type(b):
            yield path, f"{shown(a)} of type {type(a).__name__}", f"{shown(b)} of type {type(b).__name__}"
            return
        match a:
            case float():
                if not (a == b or (math.isnan(a) and math.isnan(b))):
                    yield path, shown(a), shown(b)
            case Enum() | FileResult():
                if a != b:
                    yield path, shown(a), shown(b)
            case list() | tuple():
                if self._is_new(a, b):
                    yield from self._sequences(a, b, path)
            case dict() if type(a) is dict:
                if self._is_new(a, b):
                    yield from self._dicts(a, b, path)
            case set() | frozenset():
                if a != b or sorted(type(x).__name__ for x in a) != sorted(type(x).__name__ for x in b):
                    yield path, shown(a), shown(b)
            case _ if type(a) in (*_PLAIN, bool, complex) or isinstance(a, _NAMED):
                if a != b:
                    yield path, shown(a), shown(b)
            case _:
                yield from self._objects(a, b, path)

    def _is_new(self, a: Any, b: Any) -> bool:
        """Whether this pair has not been compared yet: objects may refer to each other in circles."""
        if (id(a), id(b)) in self._open:
            return False
        self._open.add((id(a), id(b)))
        self._kept += [a, b]
        return True

    def _sequences(self, a: Any, b: Any, path: str) -> Iterator[Found]:
        if len(a) != len(b):
            yield path, f"{len(a)} elements: {shown(a)}", f"{len(b)} elements: {shown(b)}"
            return
        fields = getattr(a, "_fields", None)
        for i, (x, y) in enumerate(zip(a, b)):
            yield from self.values(x, y, f"{path}.{fields[i]}" if fields else f"{path}[{i}]")

    def _dicts(self, a: dict[Any, Any], b: dict[Any, Any], path: str) -> Iterator[Found]:
        keys_a, keys_b = list(a), list(b)
        if keys_a != keys_b or [type(k) for k in keys_a] != [type(k) for k in keys_b]:
            order = " (in another order)" if set(keys_a) == set(keys_b) else ""
            yield path, f"the keys {shown(keys_a)}", f"the keys {shown(keys_b)}{order}"
            return
        for key in a:
            yield from self.values(a[key], b[key], f"{path}[{key!r}]")

    def _objects(self, a: Any, b: Any, path: str) -> Iterator[Found]:
        if not self._is_new(a, b):
            return
        if (found := _arrays(a, b)) is not None:
            same, whole = found
            if not same and whole:
                yield path, shown(a), shown(b)
            elif not same:
                yield from self._sequences(a.tolist(), b.tolist(), path)
            return
        if callable(equals := getattr(a, "equals", None)):  # pandas, polars, pyarrow
            if not equals(b):
                yield path, shown(a), shown(b)
            return
        if _equal(a, b):
            return
        yield from self._states(a, b, path)

    def _states(self, a: Any, b: Any, path: str) -> Iterator[Found]:
        """Compare what pickle would keep of two objects."""
        try:
            state_a, state_b = (_reduced(x) for x in (a, b))
        except Exception:  # no state to look into
            yield path, shown(a), shown(b)
            return
        if isinstance(state_a, str) or isinstance(state_b, str):
            if state_a != state_b:
                yield path, shown(a), shown(b)
            return
        (make_a, args_a, inner_a), (make_b, args_b, inner_b) = state_a, state_b
        if getattr(make_a, "__qualname__", make_a) != getattr(make_b, "__qualname__", make_b):
            yield path, shown(a), shown(b)
            return
        if args_a == () and args_b == () and inner_a == (None, [], []) and _has_equality(a):
            yield path, shown(a), shown(b)
            return
        yield from self.values(list(args_a), list(args_b), f"{path}<made from>")
        (own_a, list_a, dict_a), (own_b, list_b, dict_b) = inner_a, inner_b
        if isinstance(own_a, dict) and isinstance(own_b, dict):
            yield from self._attributes(own_a, own_b, path)
        else:
            yield from self.values(own_a, own_b, f"{path}<state>")
        yield from self.values(list_a, list_b, path)
        yield from self.values(dict_a, dict_b, path)

    def _attributes(self, a: dict[Any, Any], b: dict[Any, Any], path: str) -> Iterator[Found]:
        for name in dict.fromkeys([*a, *b]):
            if name not in a or name not in b:
                has, lacks = ("there", "missing") if name in a else ("missing", "there")
                yield f"{path}.{name}", has, lacks
            else:
                yield from self.values(a[name], b[name], f"{path}.{name}")


def _has_equality(value: Any) -> bool:
    """Whether its class defines `==`."""
    return any("__eq__" in kind.__dict__ for kind in type(value).__mro__ if kind is not object)


def _equal(a: Any, b: Any) -> bool:
    """Whether the objects' own `==`, if they have one, says that they are equal."""
    if not _has_equality(a):
        return False
    try:
        return bool(a == b)
    except Exception:  # such as a dataclass with arrays in it
        return False


def _reduced(value: Any) -> Any:
    """How pickle takes `value` apart: maker, arguments, and state with list and dict items."""
    found = value.__reduce_ex__(4)
    if isinstance(found, str):
        return found
    maker, args, state, items, pairs = (*found, *(None,) * 5)[:5]
    return maker, args, (state, list(items or ()), list(pairs or ()))


def _arrays(a: Any, b: Any) -> tuple[bool, bool] | None:
    """For NumPy arrays and scalars, and tensors: whether they are equal, and whether to show them whole."""
    kinds = {f"{k.__module__}.{k.__name__}" for k in type(a).__mro__}
    if "numpy.ndarray" in kinds or "numpy.generic" in kinds:
        import numpy as np

        x, y = np.asarray(a), np.asarray(b)
        if x.dtype != y.dtype or x.shape != y.shape:
            return False, True
        if x.dtype == object:
            return False, x.ndim == 0
        return _same_array(x, y), True
    if "torch.Tensor" in kinds:
        same = a.dtype == b.dtype and a.shape == b.shape
        return same and bool(((a == b) | ((a != a) & (b != b))).all()), True
    return None


def _same_array(x: Any, y: Any) -> bool:
    if x.dtype.names:
        return all(_same_array(x[name], y[name]) for name in x.dtype.names)
    same = x == y
    if x.dtype.kind in "fcmM":
        same = same | ((x != x) & (y != y))  # nan equals nan here
    return bool(same.all())
