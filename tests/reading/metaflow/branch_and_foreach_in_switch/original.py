from metaflow import FlowSpec, step


class ArmsFlow(FlowSpec):
    @step
    def start(self):
        self.way = "fan"
        self.next({"fan": self.fan, "fork": self.fork}, condition="way")

    @step
    def fan(self):
        self.xs = ["a", "b"]
        self.next(self.one, foreach="xs")

    @step
    def one(self):
        self.up = self.input.upper()
        self.next(self.fanned)

    @step
    def fanned(self, inputs):
        self.text = "".join(i.up for i in inputs)
        self.next(self.end)

    @step
    def fork(self):
        self.next(self.p, self.q)

    @step
    def p(self):
        self.v = "p"
        self.next(self.forked)

    @step
    def q(self):
        self.v = "q"
        self.next(self.forked)

    @step
    def forked(self, inputs):
        self.text = inputs.p.v + inputs.q.v
        self.next(self.end)

    @step
    def end(self):
        print(self.text)


if __name__ == "__main__":
    ArmsFlow()
