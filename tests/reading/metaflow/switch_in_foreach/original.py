from metaflow import FlowSpec, step


class SwitchInForeachFlow(FlowSpec):
    @step
    def start(self):
        self.numbers = [1, 2, 3, 4]
        self.next(self.look, foreach="numbers")

    @step
    def look(self):
        self.number = self.input
        self.parity = "even" if self.number % 2 == 0 else "odd"
        self.next({"even": self.even, "odd": self.odd}, condition="parity")

    @step
    def even(self):
        self.out = self.number // 2
        self.next(self.done)

    @step
    def odd(self):
        self.out = self.number * 100
        self.next(self.done)

    @step
    def done(self):
        self.line = f"{self.number}: {self.out}"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.lines = [i.line for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.lines)


if __name__ == "__main__":
    SwitchInForeachFlow()
