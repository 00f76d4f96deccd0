from metaflow import FlowSpec, Parameter, step


class SingleFlow(FlowSpec):
    n = Parameter("n", default=2)

    @step(start=True, end=True)
    def everything(self):
        self.doubled = self.n * 2


if __name__ == "__main__":
    SingleFlow()
