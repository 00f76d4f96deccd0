"""A flow with comments in all places."""

import math

from pipec import pipeline, step


# two constants
A = 1
B = 2  # the second

C = 3


# the limit
LIMIT = 4  # four


# above the step
@step
def start() -> tuple[object, object, str]:
    # first
    a = (
        A  # one
        + B
    )  # three

    text = """
    not moved
        at all
"""
    self_text = text

    b = f"{a!r:>4} {self_text.strip()[0]} {math.pi:.2f}"

    return a, self_text, b


@step
def end(a, b: str):
    """Ends.

    With more text.
    """
    if a > LIMIT:  # never
        print("large")
    # last words
    print(b, C)


# a comment above the class
@pipeline
def formatting():
    """Kept as it was."""
    a, text, b = start()
    # where it goes
    end(a, b)
    return {"a": a, "text": text, "b": b}
