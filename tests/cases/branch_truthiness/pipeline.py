"""Conditions go by truth value, as in Python: empty lists, dicts and texts, zero and `None` are false."""

from pipec import pipeline, step


@step
def made(value: object) -> list | dict | str | int | float | None:
    return value


@step
def say(word: str) -> str:
    return word


@pipeline
def branch_truthiness() -> list[str]:
    empty = made([])
    nothing = made(None)
    zero = made(0.0)
    word = made("False")
    if empty:
        a = say("list")
    else:
        a = say("no list")
    if not nothing:
        b = say("none")
    else:
        b = say("not none")
    if zero or word:
        c = say("word")
    else:
        c = say("no word")
    return [a, b, c]
