"""Integers of any size, apart from floats and booleans."""

from pipec import pipeline, step


@step
def echo(value: object) -> int | float | bool | list:
    return value


@step
def kinds(values: list) -> list[str]:
    return [f"{type(v).__name__} {v}" for v in values]


@pipeline
def value_integers(big: int = 2**63, huge: int = -(3**400)) -> list[object]:
    exact = echo(2**53 + 1)
    power = echo(huge)
    one = echo(1)
    unit = echo(1.0)
    truth = echo(True)
    several = echo([1, 1.0, True, 2**64, -0.0])
    return [kinds([exact, power, one, unit, truth, *several]), power + 1, exact, big, one == unit, several]
