"""What the steps of the same names do."""

RATE = 0.5


def train(values: list[float], rate: float = RATE) -> float:
    return sum(values) * rate


def evaluate(model: float, values: list[float]) -> float:
    return max(abs(value - model) for value in values)


def filter(values: list[float]) -> list[float]:
    return [value for value in values if value > 0]
