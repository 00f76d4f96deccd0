"""The result may be any expression over values and tasks: here a dict of constants, parameters and results."""

from pipec import pipeline, step


@step
def number(n: int) -> int:
    return n


@step
def pair() -> tuple[int, str]:
    return 1, "a"


@pipeline
def result_kinds(n: int = 2) -> dict[str, object]:
    p = pair()
    return {
        "constant": 1,
        "parameter": n,
        "task": number(n),
        "expression": number(n + 1) * 2,
        "pair": p,
        "t": (n, p[1]),
    }
