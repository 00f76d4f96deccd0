"""Train a tiny model."""

import math

from metaflow import FlowSpec, Parameter, step

SCALE = 10


def scaled(values):
    # a helper that stays as it is
    return [v / SCALE for v in values]


class TrainFlow(FlowSpec):
    """Fit a line and report how good it is."""

    rows = Parameter("rows", help="How many rows.", default=20)
    rate = Parameter("learning-rate", default=0.5, type=float)

    @step
    def start(self):
        self.xs = list(range(self.rows))
        self.ys = scaled(self.xs)
        self.next(self.train)

    @step
    def train(self):
        """Fit."""
        # least squares through the origin
        top = sum(x * y for x, y in zip(self.xs, self.ys))
        self.slope = top / sum(x * x for x in self.xs)
        self.next(self.evaluate)

    @step
    def evaluate(self):
        self.error = math.sqrt(sum((self.slope * x - y) ** 2 for x, y in zip(self.xs, self.ys)))
        self.score = 1.0 - self.error * self.rate
        self.next(self.end)

    @step
    def end(self):
        print(f"score {self.score:.3f} with {len(self.xs)} rows")


if __name__ == "__main__":
    TrainFlow()
