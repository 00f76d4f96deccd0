"""Train a tiny model."""

import math

from pipec import pipeline, step

SCALE = 10


def scaled(values):
    # a helper that stays as it is
    return [v / SCALE for v in values]


@step
def start(rows: int) -> tuple[list[int], object]:
    xs = list(range(rows))
    ys = scaled(xs)
    return xs, ys


@step
def train(xs: list[int], ys):
    """Fit."""
    # least squares through the origin
    top = sum(x * y for x, y in zip(xs, ys))
    slope = top / sum(x * x for x in xs)
    return slope


@step
def evaluate(slope, xs: list[int], ys, rate: float) -> tuple[object, object]:
    error = math.sqrt(sum((slope * x - y) ** 2 for x, y in zip(xs, ys)))
    score = 1.0 - error * rate
    return error, score


@step
def end(score, xs: list[int]):
    print(f"score {score:.3f} with {len(xs)} rows")


@pipeline
def train_flow(rows: int = 20, learning_rate: float = 0.5):
    """Fit a line and report how good it is.

    Args:
        rows: How many rows.
    """
    xs, ys = start(rows)
    slope = train(xs, ys)
    error, score = evaluate(slope, xs, ys, learning_rate)
    end(score, xs)
    return {"xs": xs, "ys": ys, "slope": slope, "error": error, "score": score}
