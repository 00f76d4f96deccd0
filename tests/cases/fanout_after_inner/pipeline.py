"""A step below an inner loop that needs the item of the outer one alone."""

from pipec import pipeline, step


@step
def upto(n: int) -> list[int]:
    return list(range(n))


@step
def note(x: int) -> None:
    assert x < 9


@step
def twice(x: int) -> int:
    return x * 2


@pipeline
def fanout_after_inner(n: int = 3, m: int = 2) -> dict[str, int]:
    found = {}
    for x in upto(n):
        for y in range(m):
            note(x + y)
        found[f"k{x}"] = twice(x)
    return found
