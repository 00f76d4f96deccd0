"""Statements with blocks in them: branches, loops, and blocks whose children do not wait for one another."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.generator.tables import CALLS, EXPRESSIONS
from tests.support.generator.writer import Place, Scope, Writer

Block = Callable[[Writer, Place], bool]
"""Writes a block; whether it ends in a return."""


def branch(w: Writer, place: Place, block: Block) -> None:
    """if, elif, else; some names are bound in every arm."""
    shared = [(kind, w.fresh(kind)) for kind in _shared(w)]
    arms = w.choice.pick((2, 2, 1, 3))
    alive: list[Scope] = []
    for number in range(arms):
        last = number == arms - 1 and arms > 1
        condition = w.value("b", EXPRESSIONS, CALLS) if number == 0 else w.value("b", EXPRESSIONS)
        w.emit(place, "else:" if last else f"{'elif' if number else 'if'} {condition}:")
        with w.inner():
            if not block(w, place.inside()):
                for kind, name in shared:
                    w.emit(place.inside(), f"{name} = {w.value(kind, CALLS, EXPRESSIONS)}")
                    w.bind(kind, name)
                alive.append(w.scope)
    _join(w, alive if arms > 1 else [*alive, w.scope])


def _shared(w: Writer) -> list[str]:
    return [w.choice.pick(w.kinds()) for _ in range(w.choice.between(0, 2))]


def _join(w: Writer, alive: list[Scope]) -> None:
    """What is bound afterwards: what every arm that gets there has bound to the same kind of value."""
    if alive:
        w.scope = {kind: [n for n in alive[0][kind] if all(n in s[kind] for s in alive)] for kind in w.scope}


def parallel(w: Writer, place: Place, block: Block) -> None:
    """`with parallel():`"""
    w.emit(place, "with parallel():")
    block(w, place.inside(parallel=True))


def loop(w: Writer, place: Place, block: Block) -> None:
    """for, with one or two collections that are filled in it."""
    kind = w.choice.pick([k for k in w.kinds() if k in "iiosmv"])
    collection = "l" if kind == "i" else "a" if kind == "o" else ""
    out, table = f"out{w.number()}", f"out{w.number()}"
    keyed = w.has("dicts") and w.choice.one_in(3)
    w.emit(place, f"{out} = []")
    if keyed:
        w.emit(place, f"{table} = {{}}")
    header, items, key = _header(w)
    w.emit(place, f"for {header}:")
    inner = place.inside(loop=True)
    with w.inner(fixed=True):
        for item_kind, item in items:
            w.used.add(item)
            w.bind(item_kind, item)
        if w.budget > 1 and not w.choice.one_in(5):
            block(w, inner)
        if w.choice.one_in(4):
            w.emit(inner, f"if {w.value('b', EXPRESSIONS)}:")
            inner = inner.inside()
        w.emit(inner, f"{out}.append({w.value(kind, CALLS, EXPRESSIONS)})")
        if keyed:
            w.emit(inner, f"{table}[{key}] = {w.value('i', CALLS, EXPRESSIONS)}")
    w.used.update((out, table))
    if collection:
        w.bind(collection, out)
    else:
        w.bind("i", name := f"i{w.number()}")
        w.used.add(name)
        w.emit(place, f"{name} = len({out})")
    if keyed:
        w.bind("d", table)


def _header(w: Writer) -> tuple[str, list[tuple[str, str]], str]:
    """What stands between `for` and the colon, the names that it binds, and text that may be a key."""
    x, y = f"x{w.number()}", f"y{w.number()}"
    forms = ["plain", "enumerate", "zip", "range", "call", "constants", "pairs"]
    forms += ["limit"] if w.has("parallel") else []
    forms += ["items"] if w.has("dicts") else []
    forms += ["objects"] if w.has("objects") else []
    match w.choice.pick(forms):
        case "enumerate":
            return f"{x}, {y} in enumerate({w.operand('l')})", [("i", x), ("i", y)], f"str({x})"
        case "zip":
            return f"{x}, {y} in zip({w.operand('l')}, {w.operand('l')})", [("i", x), ("i", y)], f"str({x})"
        case "range":
            return f"{x} in range(abs({w.operand('i')}) % 4)", [("i", x)], f"str({x})"
        case "call":
            return f"{x} in upto({w.operand('i')})", [("i", x)], f'f"k{{{x}}}"'
        case "constants":
            return f"{x} in (1, 2, {w.choice.between(0, 9)})", [("i", x)], f"str({x})"
        case "pairs":
            return f'{x}, {y} in [("a", 1), ("b", 2)]', [("s", x), ("i", y)], x
        case "limit":
            return f"{x} in parallel({w.operand('l')}, limit=2)", [("i", x)], f"str({x})"
        case "items":
            return f"{x}, {y} in {w.operand('d')}.items()", [("s", x), ("i", y)], x
        case "objects":
            return f"{x}, {y} in enumerate({w.operand('a')})", [("i", x), ("o", y)], f"str({x})"
    return f"{x} in {w.operand('l')}", [("i", x)], f'f"k{{{x}}}"'
