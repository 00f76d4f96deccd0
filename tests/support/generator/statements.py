"""The statements of random bodies, each with its feature and how often it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.generator import blocks, failures
from tests.support.generator.tables import CALLS, EXPRESSIONS, STATEMENTS
from tests.support.generator.writer import Place, Writer

Write = Callable[[Writer, Place], None]


@dataclass(frozen=True)
class Statement:
    """One kind of statement."""

    weight: int
    feature: str
    write: Write
    allowed: Callable[[Writer, Place], bool] = lambda w, place: True


def call(w: Writer, place: Place) -> None:
    """A task, or several, whose result gets a name."""
    _assign(w, place, w.choice.pick(w.kinds() + ["i"] * 3))


def expression(w: Writer, place: Place) -> None:
    """An expression over what there is."""
    kind = w.choice.pick([*w.kinds(), "i", "l"])
    value = w.value(kind, EXPRESSIONS)
    _bind(w, place, kind, value)


def _assign(w: Writer, place: Place, kind: str) -> None:
    _bind(w, place, kind, w.value(kind, CALLS))


def _bind(w: Writer, place: Place, kind: str, value: str) -> None:
    name = w.fresh(kind)
    w.emit(place, f"{name} = {value}")
    w.bind(kind, name)


def layer(w: Writer, place: Place) -> None:
    """Tasks side by side that need several of the layer above: the more there are, the less a graph is nested."""
    width = w.choice.between(2, 4)
    above = w.scope["i"][-4:] or ["1"]
    names = []
    for _ in range(width):
        first, second = w.choice.pick(above), w.choice.pick(above)
        name = f"i{w.number()}"
        w.emit(place, f"{name} = add({first}, {second})")
        names.append(name)
    w.used.update(names)
    for name in names:
        w.bind("i", name)
    w.budget -= width - 1


def effect(w: Writer, place: Place) -> None:
    """A call for its effect."""
    found = [
        t for feature, ts in STATEMENTS.items() if w.has(feature) for t in ts if w.has("groups") or "noisy" not in t
    ]
    if w.has("failures") and not w.choice.one_in(4):
        found = [t for t in found if "check" not in t]
    w.emit(place, w.fill(w.choice.pick(found)))


def unpack(w: Writer, place: Place) -> None:
    """Several outputs of one task."""
    first, kinds, step = w.choice.pick(
        [("i", "s", "pair"), ("o", "l", "boxed_pair")] if w.has("objects") else [("i", "s", "pair")]
    )
    a, b = f"{first}{w.number()}", f"{kinds}{w.number()}"
    w.emit(place, f"{a}, {b} = {step}({w.operand('i')})")
    w.used.update((a, b))
    w.bind(first, a)
    w.bind(kinds, b)


def fields(w: Writer, place: Place) -> None:
    """A named tuple whose fields are read."""
    name, number, box = f"t{w.number()}", f"i{w.number()}", f"o{w.number()}"
    w.emit(place, f"{name} = fields({w.operand('i')})")
    w.emit(place, f"{number} = {name}.number + {w.operand('i')}")
    w.bind("i", number)
    if w.choice.one_in(2):
        w.emit(place, f"{box} = box(unbox({name}.box))")
        w.bind("o", box)
    w.used.update((name, number, box))


def flaky(w: Writer, place: Place) -> None:
    """A step, or one in each iteration, that fails in its first attempt."""
    key = f"mark{w.number()}"
    if w.choice.one_in(2):
        text, kind = f'flaky({w.operand("i")}, folder, "{key}")', "i"
    else:
        text, kind = f'[flaky(x, folder, f"{key}-{{k}}") for k, x in enumerate({w.operand("l")})]', "l"
    _bind(w, place, kind, text)


def _outside_loops(w: Writer, place: Place) -> bool:
    return w.main and not place.loop


def _compound(w: Writer, place: Place) -> bool:
    return place.depth < 3 and w.budget > 2


def _sequential(w: Writer, place: Place) -> bool:
    return _compound(w, place) and not place.parallel


TABLE: tuple[Statement, ...] = (
    Statement(10, "", call),
    Statement(4, "", expression),
    Statement(3, "crossing", layer, lambda w, place: w.budget > 3 and not place.loop),
    Statement(3, "effects", effect),
    Statement(1, "outputs", unpack),
    Statement(1, "outputs", fields, lambda w, place: w.has("objects")),
    Statement(1, "retries", flaky, _outside_loops),
    Statement(5, "branches", lambda w, place: blocks.branch(w, place, block), _compound),
    Statement(4, "loops", lambda w, place: blocks.loop(w, place, block), _compound),
    Statement(1, "parallel", lambda w, place: blocks.parallel(w, place, block), _sequential),
    Statement(1, "asserts", failures.asserted, lambda w, place: not place.parallel),
    Statement(1, "raises", failures.raised, lambda w, place: not place.parallel),
    Statement(1, "finally", lambda w, place: failures.finally_(w, place, block), _sequential),
    Statement(2, "except", lambda w, place: failures.except_(w, place, block), _sequential),
    Statement(1, "waits", failures.waited, _outside_loops),
    Statement(1, "run", failures.run_facts),
    Statement(1, "carried", failures.carried, lambda w, place: not place.loop),
)


def block(w: Writer, place: Place) -> bool:
    """One block, of at least one line; whether it ends in a return."""
    start = len(w.lines)
    for _ in range(w.choice.between(1, 4 if place.depth else 99)):
        if w.budget <= 0:
            break
        w.budget -= 1
        possible = [s for s in TABLE if w.has(s.feature) and s.allowed(w, place)]
        statement = w.choice.pick([s for s in possible for _ in range(s.weight)])
        statement.write(w, place)
    if _may_return(w, place) and w.choice.one_in(5):
        w.emit(place, f"return {w.operand(w.choice.pick(w.kinds()) if w.main else 'i')}")
        return True
    if len(w.lines) == start:
        w.emit(place, "pass")
    return False


def _may_return(w: Writer, place: Place) -> bool:
    return w.has("returns") and place.depth in (1, 2) and not (place.loop or place.parallel or place.guarded)
