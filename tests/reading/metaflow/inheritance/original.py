from metaflow import FlowSpec, Parameter, step
from shared import ReportingBase


class TrainBase(ReportingBase):
    rounds = Parameter("rounds", default=2)

    @step
    def start(self):
        self.history = [self.rounds]
        self.next(self.train)


class SmallFlow(TrainBase):
    @step
    def train(self):
        self.history = self.history + ["small"]
        self.next(self.report)


class LargeFlow(TrainBase):
    @step
    def train(self):
        self.history = self.history + ["large"] * self.rounds
        self.next(self.report)


if __name__ == "__main__":
    LargeFlow()
