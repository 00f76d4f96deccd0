"""An expression with several readers gives all of them the same value."""

from pipec import pipeline, step


@step
def measure() -> list[float]:
    return [0.5, 0.25, 0.75]


@step
def below(values: list[float], limit: float) -> int:
    return len([v for v in values if v < limit])


@step
def above(values: list[float], limit: float) -> int:
    return len([v for v in values if v > limit])


@pipeline
def expression_shared() -> list[object]:
    values = measure()
    middle = sum(values) / len(values)
    spread = max(values) - min(values)
    if spread > middle / 2:
        label = f"wide ({spread})"
    else:
        label = f"narrow ({spread})"
    return [below(values, middle), above(values, middle), label]
