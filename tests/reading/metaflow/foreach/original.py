from metaflow import FlowSpec, Parameter, step


class GridFlow(FlowSpec):
    """Try several values, and keep the best."""

    target = Parameter("target", default=3)

    @step
    def start(self):
        self.candidates = [1, 2, 4, 8]
        self.next(self.attempt, foreach="candidates")

    @step
    def attempt(self):
        self.candidate = self.input
        self.distance = abs(self.candidate - self.target)
        self.next(self.pick)

    @step
    def pick(self, inputs):
        # the closest one wins
        best = min(inputs, key=lambda i: i.distance)
        self.winner = best.candidate
        self.distances = {i.candidate: i.distance for i in inputs}
        self.next(self.end)

    @step
    def end(self):
        print("winner:", self.winner)


if __name__ == "__main__":
    GridFlow()
