"""Comparisons, chains, `and`, `or`, `not`, `in` and `is` keep Python's short circuits and results."""

from pipec import pipeline, step


@step
def number(n: int) -> int:
    return n


@step
def nothing() -> None:
    return None


@step
def words() -> list[str]:
    return ["a", "b"]


@pipeline
def expression_logic() -> list[object]:
    two = number(2)
    none = nothing()
    letters = words()
    return [
        1 < two < 3,
        two == 2.0,
        two != 2,
        none is None,
        two is not None,
        "a" in letters,
        "c" not in letters,
        two and letters,
        none or two,
        none and two,
        not letters,
        none is None or two / 0 > 1,
    ]
