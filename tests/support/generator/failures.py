"""Statements about failures, about the run itself, and loops that carry a value."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.generator.tables import EXPRESSIONS
from tests.support.generator.writer import Place, Writer

Block = Callable[[Writer, Place], bool]


def asserted(w: Writer, place: Place) -> None:
    """An assert that mostly holds."""
    i = w.operand("i")
    w.emit(place, f'assert {i} != 7, f"not {{{i}}}"' if i.isidentifier() else f"assert {i} != 7")


def raised(w: Writer, place: Place) -> None:
    """A raise behind a condition that rarely holds."""
    w.emit(place, f"if {w.operand('i')} == 7:")
    w.emit(place.inside(), "raise PipelineFailed(\"seven, '{{ ds }}'\")")


def finally_(w: Writer, place: Place, block: Block) -> None:
    """try and finally; the latter reads what was bound before."""
    before = w.operand("i")
    w.emit(place, "try:")
    outside, w.fixed = w.fixed, w.fixed | {before}
    block(w, place.inside(guarded=True))
    w.fixed = outside
    w.emit(place, "finally:")
    w.emit(place.inside(), f"note({before})")


def except_(w: Writer, place: Place, block: Block) -> None:
    """try and except, with a name that both bind.

    Neither binds a name of before it anew: nobody knows afterwards how far the body got, so such a name is refused.
    """
    kind, name, error = "i", f"i{w.number()}", f"e{w.number()}"
    w.used.update((name, error))
    w.emit(place, "try:")
    with w.inner(fixed=True):
        block(w, place.inside(guarded=True))
        w.emit(place.inside(), f"{name} = checked({w.operand('i')})")
    w.emit(place, f"except Exception as {error}:")
    with w.inner(fixed=True):
        block(w, place.inside(guarded=True))
        value = w.choice.pick(
            (f"len(str({error}))", w.value("i", EXPRESSIONS), "add({c})".replace("{c}", w.operand("c")))
        )
        w.emit(place.inside(), f"{name} = {value}")
    w.bind(kind, name)


def waited(w: Writer, place: Place) -> None:
    """A sensor for a file that is there."""
    w.emit(place, 'wait_for(f"file://{folder}", every="1s", timeout="1m")')


def run_facts(w: Writer, place: Place) -> None:
    """What a run knows of itself, as far as all orchestrators say the same."""
    name = f"b{w.number()}"
    w.used.add(name)
    w.emit(place, f"{name} = {w.choice.pick(('len(run.id) > 0', 'len(run.date) == 10', 'run.attempt == 1'))}")
    w.bind("b", name)


def carried(w: Writer, place: Place) -> None:
    """A value that goes from one iteration of a constant loop to the next."""
    name, item = f"i{w.number()}", f"x{w.number()}"
    w.used.update((name, item))
    w.emit(place, f"{name} = {w.operand('i')}")
    w.emit(place, f"for {item} in ({w.operand('c')}, 1, 2):")
    w.emit(place.inside(), f"{name} = {w.choice.pick((f'add({name}, {item})', f'{name} * 2 - {item}'))}")
    w.bind("i", name)
