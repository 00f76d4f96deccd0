"""Steps that import functions of their own names from modules of the project, in their bodies."""

from pipec import pipeline, step

RATE = 0.25


@step
def train(values: list[float]) -> float:
    # what the step is called does not matter in here
    from training import filter, train

    def again(scale: float) -> float:
        return train(filter(values), rate=scale * RATE)

    return train(values) + again(2.0)


@step
def lowest(values: list[float]) -> float:
    import math

    from other import train

    return math.floor(train(values))


@step
def evaluate(model: float, low: float, values: list[float]) -> str:
    from training import RATE, evaluate

    return f"{evaluate(model, values)} at {RATE}, from {low}"


@pipeline
def code_modules_named_alike(values: list[float] = [1.0, -2.0, 4.0]) -> str:
    model = train(values)
    return evaluate(model, lowest(values), values)
