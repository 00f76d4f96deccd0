from metaflow import FlowSpec, Parameter, step


class SwitchFlow(FlowSpec):
    size = Parameter("size", default=70)

    @step
    def start(self):
        self.kind = "large" if self.size > 50 else "small"
        self.next({"large": self.sample, "small": self.keep}, condition="kind")

    @step
    def sample(self):
        self.used = self.size // 2
        self.method = "sampled"
        self.next(self.train)

    @step
    def keep(self):
        self.used = self.size
        self.next(self.train)

    @step
    def train(self):
        self.model = f"model of {self.used}"
        self.next(self.end)

    @step
    def end(self):
        print(self.model)


if __name__ == "__main__":
    SwitchFlow()
