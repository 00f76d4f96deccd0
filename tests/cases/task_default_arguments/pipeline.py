"""A step's defaults are part of its code and evaluated in the task; a pipeline's defaults are constants at build time."""

from pipec import pipeline, step

RATE = 0.25
BASE = 4 * 4


def twice(n: int) -> int:
    return 2 * n


@step
def price(amount: int = twice(BASE), rate: float = RATE, names: tuple[str, ...] = ("net", "gross")) -> dict[str, float]:
    return {names[0]: float(amount), names[1]: amount * (1 + rate)}


@pipeline
def task_default_arguments(amount: int = BASE + 1, label: str = "a" * 3) -> list[object]:
    return [price(), price(amount), price(rate=0.5), label]
