from metaflow import FlowSpec, Parameter, step, JSONType

ROWS = 5
NAMES = ["a", "b"]
FACTOR = ROWS * 2
PREFIX: str = "x"
TEXT = '{"a": [1, 2]}'


class ConstantsFlow(FlowSpec):
    OWN = 7
    rows = Parameter("rows", default=ROWS, help="how many")
    factor = Parameter("factor", default=FACTOR)
    names = Parameter("names", type=JSONType, default=NAMES)
    text = Parameter("text", type=JSONType, default=TEXT)
    typed = Parameter("typed", type=float, default=ROWS)
    own = Parameter("own", default=OWN)
    both = Parameter("both", default=OWN + ROWS)
    pre = Parameter("pre", default=PREFIX + "-y")
    listed = Parameter("listed", separator=",", default=PREFIX)

    @step
    def start(self):
        self.x = self.rows * self.factor + ROWS
        self.next(self.end)

    @step
    def end(self):
        print(self.x, self.names, self.text, self.typed, self.own, self.both, self.pre, self.listed)


if __name__ == "__main__":
    ConstantsFlow()
