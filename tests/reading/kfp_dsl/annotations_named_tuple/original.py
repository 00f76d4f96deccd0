from typing import NamedTuple

from kfp import dsl


@dsl.component
def divide(a: int, b: int) -> NamedTuple("Outputs", [("quotient", int), ("rest", int), ("text", str)]):
    """Divide.

    Args:
        a: What is divided.
        b: By what.

    Returns:
        quotient: How often.
        rest: What is left.
    """
    from collections import namedtuple

    return namedtuple("Outputs", ["quotient", "rest", "text"])(a // b, a % b, "done")


@dsl.component
def show(message: str, rest: int):
    print(message, rest)


@dsl.pipeline(name="division")
def division(a: int, b: int = 3) -> NamedTuple("Result", [("rest", int)]):
    parts = divide(a=a, b=b)
    show(message=parts.outputs["text"], rest=parts.outputs["rest"])
    result = NamedTuple("Result", [("rest", int)])
    return result(rest=parts.outputs["rest"])
