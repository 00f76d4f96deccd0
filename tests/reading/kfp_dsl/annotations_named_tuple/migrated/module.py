"""Migrated from the compiled pipeline "division"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def divide(a: int, b: int) -> tuple[int, int, str]:
    """Divide.

    Args:
        a: What is divided.
        b: By what.

    Returns:
        quotient: How often.
        rest: What is left.
    """
    from collections import namedtuple

    return tuple(namedtuple("Outputs", ["quotient", "rest", "text"])(a // b, a % b, "done"))


@step(image="python:3.11", cache=True)
def show(message: str, rest: int):
    print(message, rest)


@pipeline
def division(a: int, b: int = 3) -> int:
    quotient, rest, text = divide(a=a, b=b)
    show_done = show(message=text, rest=rest)
    return rest
