"""A first pipeline: fit a line to noisy points, and keep the fit that is good enough."""

from __future__ import annotations

import random

from pipec import Metrics, pipeline, step


@step(retries=1)
def sample(points: int, noise: float) -> list[list[float]]:
    """Points around y = 2x + 1; a real project reads its data here."""
    source = random.Random(7)
    return [[float(x), 2 * x + 1 + source.gauss(0, noise)] for x in range(points)]


@step(cpu=1, memory="512Mi")
def fit(data: list[list[float]], ridge: float) -> list[float]:
    """Slope and intercept by least squares; a larger `ridge` flattens the line."""
    mean_x = sum(x for x, _ in data) / len(data)
    mean_y = sum(y for _, y in data) / len(data)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in data)
    slope = covariance / (sum((x - mean_x) ** 2 for x, _ in data) + ridge)
    return [slope, mean_y - slope * mean_x]


@step
def evaluate(line: list[float], data: list[list[float]]) -> Metrics:
    """Mean squared error."""
    slope, intercept = line
    return {"error": sum((slope * x + intercept - y) ** 2 for x, y in data) / len(data)}


@step
def publish(line: list[float], error: float) -> str:
    """Where a real project would register its model."""
    return f"y = {line[0]:.2f}x + {line[1]:.2f} (error {error:.3f})"


@pipeline
def training(points: int = 50, noise: float = 0.5, limit: float = 1.0) -> str | None:
    """Try three fits in parallel, and publish the best one if it is good enough."""
    data = sample(points, noise)
    lines = [fit(data, ridge) for ridge in (0.0, 10.0, 100.0)]
    errors = [evaluate(line, data)["error"] for line in lines]
    best = min(range(len(errors)), key=lambda i: errors[i])
    if errors[best] <= limit:
        return publish(lines[best], error=errors[best])
    return None


if __name__ == "__main__":
    print(training())
