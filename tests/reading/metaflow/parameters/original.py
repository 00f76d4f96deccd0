from metaflow import FlowSpec, JSONType, Parameter, step

DEFAULT_NAME = "ada"


class ParametersFlow(FlowSpec):
    alpha = Parameter("alpha", default=1, type=float, help="A number.")
    flag = Parameter("use-flag", default=True)
    who = Parameter("user", default=DEFAULT_NAME, type=str)
    grid = Parameter("grid", type=JSONType, default='{"c": [1, 2]}')
    words = Parameter("words", default="x,y", separator=",")
    nothing = Parameter("nothing", type=int, required=False)

    @step
    def start(self):
        self.seen = [self.alpha, self.flag, self.grid["c"], list(self.words), self.nothing, self.who]
        self.kind = type(self.alpha).__name__
        self.next(self.end)

    @step
    def end(self):
        print(self.seen)


if __name__ == "__main__":
    ParametersFlow()
